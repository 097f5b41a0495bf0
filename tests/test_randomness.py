"""A number is addressed by stream and position; how it was come by makes no difference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pmtech.engine.randomness import (
    BLOCK,
    GUIDE,
    KEPT,
    Luck,
    Stream,
    exponential,
    gamma,
    identity,
    pick,
    uniforms,
    zipf,
)

QUICK = settings(max_examples=50)
KEY = (1, "server.work", "clients", 0)
MANY = uniforms(("test",), 0, 1 << 16)


def test_the_numbers_are_pinned():
    """A change here gives every learner other customers, and every text of a lesson another number."""
    assert uniforms(KEY, 0, 4).tolist() == [
        0.0439822681237354,
        0.2303675249471906,
        0.8283092533337159,
        0.534642480910028,
    ]


@QUICK
@given(st.integers(0, 10_000), st.integers(1, 50))
def test_a_block_can_be_made_without_those_before_it(first, count):
    first *= 4
    assert uniforms(KEY, first, count).tolist() == uniforms(KEY, 0, first + count)[first:].tolist()


@QUICK
@given(st.lists(st.integers(0, 3000), min_size=1, max_size=20))
def test_a_stream_gives_the_same_number_in_any_order(numbers):
    stream, whole = Stream(KEY, exponential), exponential(uniforms(KEY, 0, 4096))
    assert [stream[n] for n in numbers] == [whole[n] for n in numbers]
    assert [Stream(KEY, exponential)[n] for n in numbers] == [whole[n] for n in numbers]


def test_a_stream_forgets_and_makes_again():
    stream = Stream(KEY, identity)
    first = stream[0]
    for number in range(0, 2 * KEPT, BLOCK):
        stream[number]
    assert len(stream) <= KEPT + BLOCK
    assert 0 not in stream and stream[0] == first
    assert stream[1 << 40] == Stream(KEY, identity)[1 << 40]  # users number their requests far apart


def test_streams_of_different_addresses_have_nothing_in_common():
    keys = [KEY, (2, *KEY[1:]), (1, "server.queue", *KEY[2:]), (1, "server.work", "users", 0), (*KEY[:3], 1)]
    drawn = [uniforms(key, 0, 4096) for key in keys]
    for i, one in enumerate(drawn):
        for other in drawn[:i]:
            assert abs(np.corrcoef(one, other)[0, 1]) < 4 / 4096**0.5
    assert uniforms(KEY, 0, 4096).tolist() == drawn[0].tolist()


def test_luck_keeps_a_stream_for_each_line():
    luck = Luck(1, "server.work", exponential)
    assert luck["clients", 0] is luck["clients", 0]
    assert luck["clients", 0][17] == exponential(uniforms(KEY, 0, 32))[17]
    assert luck["clients", 1][17] != luck["clients", 0][17]


def fits(values, distribution):
    assert stats.kstest(values, distribution).pvalue > 0.001


def test_uniform_and_exponential():
    fits(MANY, stats.uniform.cdf)
    fits(exponential(MANY), stats.expon.cdf)
    assert exponential(np.array([0.0]))[0] == 0


@pytest.mark.parametrize("cv", [0.1, 0.5, 0.999, 1, 2, 5, 10])
def test_gamma_has_mean_1_and_the_spread_asked_for(cv):
    fits(gamma(cv)(MANY), stats.gamma(a=1 / cv**2, scale=cv**2).cdf)


def test_gamma_without_spread_is_constant():
    assert gamma(0)(MANY[:9]).tolist() == [1.0] * 9
    assert np.ptp(gamma(1e-6)(MANY)) < 1e-4


def test_gamma_with_next_to_no_spread():
    assert gamma(1e-200)(MANY[:9]).tolist() == pytest.approx([1.0] * 9)


def test_turning_the_spread_bends_the_same_customers():
    """Who needs more than the median keeps needing more: the order of the work does not change."""
    order = np.argsort(MANY[:1000])
    for cv in (0.1, 0.5, 1, 2):
        assert (np.diff(gamma(cv)(MANY[:1000])[order]) >= 0).all()
    near, exactly = gamma(1.0001)(MANY[:1000]), gamma(1)(MANY[:1000])
    assert np.abs(near - exactly).max() < 0.01


def test_pick_goes_by_weight():
    drawn = pick({"/a": 1, "/b": 0, "/c": 3})(MANY)
    counts = [int((drawn == name).sum()) for name in ("/a", "/b", "/c")]
    assert counts[1] == 0
    assert stats.chisquare(counts[::2], [len(MANY) / 4, len(MANY) * 3 / 4]).pvalue > 0.001
    assert pick({"/a": 1e-300, "/b": 1e300})(np.array([0.0, 1 - 2**-53])).tolist() == ["/b", "/b"]
    assert pick({"/a": 0, "/b": 1, "/c": 0})(np.array([0.0, 1 - 2**-53])).tolist() == ["/b", "/b"]


def test_equal_weights_pick_alike():
    one, other = pick({"/a": 1, "/b": 2}), pick({"/b": 2, "/a": 1})
    assert one(MANY[:99]).tolist() == other(MANY[:99]).tolist()


def test_zipf():
    drawn = zipf(5, 1.2)(MANY)
    weights = np.arange(1, 6) ** -1.2
    assert stats.chisquare(np.bincount(drawn)[1:], len(MANY) * weights / weights.sum()).pvalue > 0.001
    assert set(zipf(3, 0)(MANY)) == {1, 2, 3}
    assert zipf(1, 1)(np.array([0.0, 1 - 2**-53])).tolist() == [1, 1]
    assert zipf(1_000_000, 0)(np.array([0.0, 1 - 2**-53])).tolist() == [1, 1_000_000]


@pytest.mark.parametrize("size, exponent", [(1, 1), (2, 0), (7, 10), (1000, 1.0), (300_000, 0.8), (1_000_000, 0)])
def test_the_guide_table_finds_what_a_search_finds(size, exponent):
    edges = np.cumsum(np.arange(1, size + 1, dtype=float) ** -exponent)
    edges /= edges[-1]
    on_edges = edges[edges < 1][:: max(1, size // 5000)]
    u = np.concatenate([MANY, on_edges, np.nextafter(on_edges, 0), np.arange(GUIDE) / GUIDE])
    assert (zipf(size, exponent)(u) == np.searchsorted(edges, u, side="right") + 1).all()


def test_nobody_can_write_on_the_numbers_of_others():
    with pytest.raises(ValueError, match="read-only"):
        Stream((1, "work"), identity).first(8)[0] = 1.0
