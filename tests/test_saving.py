"""A system in a file: the same one again, or a sentence."""

import json

import pytest

from pmtech import Autoscale, Clients, Database, Day, Gateway, LoadBalancer, Queue, Server, Surge, System, Topic, Users

SYSTEMS = [
    Clients("Company A", place="Mumbai", profile=Day(lasts_s=60), endpoints={"/a": 1, "/b": 2}, kb={"/a": 5})
    >> Gateway()
    >> {"/a": Server("A") >> Database("Data"), "/b": Topic() >> [Queue() >> Server("Mail"), Server("Log")]},
    [Clients(surge=Surge(1, 2, 3)), Users(count=5)]
    >> LoadBalancer()
    >> Server(autoscale=Autoscale(most=5), replicas=2),
    Server(),
]


@pytest.mark.parametrize("wrong", [None, 3, ["a"]])
def test_what_is_no_path_is_refused_in_a_sentence(wrong):
    for door in (System.open, (Clients() >> Server()).save):
        with pytest.raises(ValueError, match="path must be the name of a file"):
            door(wrong)


@pytest.mark.parametrize("system", SYSTEMS[:2])
def test_what_was_saved_is_what_is_opened(system, tmp_path):
    path = system.save(tmp_path / "system.json")
    again = System.open(path)
    assert again == system and repr(again) == repr(system)


def test_a_file_that_is_there_is_not_written_over(tmp_path):
    path = SYSTEMS[0].save(tmp_path / "system.json")
    with pytest.raises(ValueError, match="is there already"):
        SYSTEMS[1].save(path)
    assert System.open(path) == SYSTEMS[0]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda form: form | {"pmtech": 99}, "newer pmtech"),
        (lambda form: {"hello": 1}, "no system that was saved"),
        (lambda form: form | {"edges": [[0, 77, None]]}, "damaged"),
        (lambda form: form | {"edges": []}, "damaged"),
        (lambda form: form | {"edges": form["edges"][1:]}, "damaged"),
        (lambda form: form | {"parts": [{"kind": "Sever"}]}, "did you mean Server"),
        (lambda form: form | {"parts": [{"kind": "Server", "workers": 0}], "edges": []}, "workers must be at least 1"),
        (lambda form: form | {"parts": "x"}, "damaged"),
        (lambda form: [], "no system that was saved"),
    ],
)
def test_what_is_damaged_or_newer_is_refused_in_a_sentence(change, sentence, tmp_path):
    path = SYSTEMS[1].save(tmp_path / "system.json")
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(ValueError, match=sentence):
        System.open(path)


def test_a_file_cut_off_anywhere_is_refused_in_a_sentence(tmp_path):
    text = SYSTEMS[1].save(tmp_path / "whole.json").read_text()
    for end in range(0, len(text) - 2, 37):
        (tmp_path / "cut.json").write_text(text[:end])
        with pytest.raises(ValueError, match="damaged|no system"):
            System.open(tmp_path / "cut.json")


def test_a_replay_stays_in_its_log_and_is_put_before_what_was_saved(tmp_path):
    (tmp_path / "a.csv").write_text("timestamp,path,ip\n1,/a,10.0.0.1\n2,/b,10.0.0.2\n")
    replay, behind = Clients.from_log(tmp_path / "a.csv"), LoadBalancer() >> Server(replicas=2)
    with pytest.raises(ValueError, match="from a.csv can't be saved, .* put it before them again"):
        (replay >> behind).save(tmp_path / "system.json")
    assert not (tmp_path / "system.json").exists()
    assert replay >> System.open(behind.save(tmp_path / "behind.json")) == replay >> behind


@pytest.mark.parametrize("odd", [7, 0.5, None, [], b"shop.json"])
def test_what_is_no_name_of_a_file_is_refused_in_a_sentence(odd):
    for call in (System.open, (Clients() >> Server()).save):
        with pytest.raises(ValueError, match='path must be the name of a file such as "shop.json", got'):
            call(odd)
