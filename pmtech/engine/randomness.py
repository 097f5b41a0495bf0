"""A request carries its own luck.

Every random number of a run is addressed, never "the next one": stream (seed, what it decides, where, whose
request) and the request's own number. Whatever order requests are served in, and whatever slider moves, request 17
of company C needs the same work at the database. That is what makes a comparison of two designs a paired one.

The numbers come from Philox 4x64 (Salmon and others, "Parallel random numbers: as easy as 1, 2, 3", SC 2011), a
counter-based generator: any block of a stream can be made without making the ones before it.
"""

from collections.abc import Callable
from functools import cache, lru_cache
from hashlib import blake2b

import numpy as np

BLOCK = 256
AHEAD = 4 * BLOCK  # numbers that a stream makes at a time: as many take hardly longer than a few
GUIDE = 1 << 14
ROUND = 1 << 20  # a user's k-th request has number k * ROUND + the user's own, whoever else is there
ROUNDS_KEPT = 1 << 21  # numbers of a crowd that are kept
KEPT = 1 << 13  # numbers a stream holds before it forgets; what is asked for again is simply made again


def uniforms(key: tuple, first: int, count: int) -> np.ndarray:
    """`count` numbers in [0, 1) of the stream `key`, from number `first`, which is a multiple of 4."""
    digest = blake2b(repr(key).encode(), digest_size=16).digest()
    philox = np.random.Philox(key=np.frombuffer(digest, dtype=np.uint64), counter=[first // 4, 0, 0, 0])
    return np.random.Generator(philox).random(count)


class Stream(dict):
    """Request number -> value. Looks like a dict that holds every number there is.

    `shape` turns uniform numbers in [0, 1) into the wanted distribution, an array at a time and element by element.
    """

    def __init__(self, key: tuple, shape: Callable[[np.ndarray], np.ndarray]):
        super().__init__()
        self.key, self.shape = key, shape
        self.begins: np.ndarray | None = None  # the first of them, where they were asked for at once

    def __missing__(self, number: int):
        if len(self) + AHEAD > KEPT:
            self.clear()
        count = AHEAD if self else BLOCK  # many a stream is asked for a few numbers and no more
        first = number - number % count
        self.update(enumerate(self.ahead(first, count).tolist(), first))
        return self[number]

    def ahead(self, first: int, count: int = AHEAD) -> np.ndarray:
        """The next values from number `first`, a multiple of 4."""
        return self.shape(uniforms(self.key, first, count))

    def first(self, count: int) -> np.ndarray:
        """The values of the numbers 0 to count - 1, at once; nobody may write on them."""
        if self.begins is None or count > len(self.begins):
            found = self.shape(uniforms(self.key, 0, -(-count // BLOCK) * BLOCK))
            found.flags.writeable = False
            if count > KEPT:
                return found[:count]
            self.begins = found
        return self.begins[:count]

    def at(self, numbers: np.ndarray) -> np.ndarray:
        """The values of these numbers."""
        return self.first(int(numbers.max(initial=-1)) + 1)[numbers]

    def again(self) -> "Stream":
        """The same numbers, with none of them held yet."""
        return Stream(self.key, self.shape)


kept_stream = lru_cache(maxsize=32)(Stream)  # a slider and a comparison ask for the same customers again and again


class Crowd(dict):
    """The same stream where requests come by rounds, each user's next in the next round: round -> a row of values.

    Users are not in step, so that many rounds are asked for at a time, and of each a few numbers.
    """

    def __init__(self, key: tuple, shape: Callable[[np.ndarray], np.ndarray], users: int):
        super().__init__()
        self.key, self.shape, self.users = key, shape, -(-users // BLOCK) * BLOCK

    def __getitem__(self, number: int):
        round_, user = number // ROUND, number % ROUND
        row = self.get(round_)
        if row is None or user >= row.size:
            while len(self) * self.users > ROUNDS_KEPT:
                del self[next(iter(self))]  # the oldest
            self.users = max(self.users, user + 1 + (-user - 1) % BLOCK)
            row = self[round_] = self.shape(uniforms(self.key, round_ * ROUND, self.users))
        return row.item(user)

    def at(self, numbers: np.ndarray) -> np.ndarray:
        """The values of these numbers."""
        values = np.empty(len(numbers), dtype=self.shape(np.zeros(1)).dtype)
        rounds = numbers // ROUND
        for round_ in np.unique(rounds):
            mine = rounds == round_
            users = numbers[mine] % ROUND
            values[mine] = self.shape(uniforms(self.key, int(round_) * ROUND, int(users.max()) + 1))[users]
        return values

    def again(self) -> "Crowd":
        """The same numbers, with none of them held yet."""
        return Crowd(self.key, self.shape, self.users)


class Luck(dict):
    """Luck key -> Stream: one stream for each (source, attempt), made when its first request comes by.

    crowds: source -> how many users it has, where requests are numbered by rounds.
    """

    def __init__(
        self, seed: int, purpose: str, shape: Callable[[np.ndarray], np.ndarray], crowds: dict[str, int] | None = None
    ):
        super().__init__()
        self.seed, self.purpose, self.shape, self.crowds = seed, purpose, shape, {} if crowds is None else crowds

    def __missing__(self, luck_key: tuple) -> Stream | Crowd:
        key, users = (self.seed, self.purpose, *luck_key), self.crowds.get(luck_key[0])
        stream = self[luck_key] = kept_stream(key, self.shape) if users is None else Crowd(key, self.shape, users)
        return stream


def exponential(u: np.ndarray) -> np.ndarray:
    """Exponential with mean 1."""
    drawn = np.negative(u)
    return np.negative(np.log1p(drawn, out=drawn), out=drawn)


@lru_cache(maxsize=256)
def gamma(cv: float) -> Callable[[np.ndarray], np.ndarray]:
    """Gamma with mean 1 and coefficient of variation `cv`: 0 is constant, 1 is exponential.

    By inversion, so that turning `cv` bends the same customers' work instead of drawing other customers.
    """
    if cv < 1e-6:
        return np.ones_like
    if cv == 1:
        return exponential
    from scipy.special import gammaincinv  # 60 ms to import, and most systems never need it

    shape = 1 / cv**2
    return lambda u: gammaincinv(shape, u) / shape


def pick(weights: dict[str, float]) -> Callable[[np.ndarray], np.ndarray]:
    """One of the names, in proportion to its weight."""
    names = np.array(sorted(weights), dtype=object)  # weights that are equal pick alike, however they are written
    edges = np.cumsum([weights[name] for name in names])
    return lambda u: names[np.minimum(np.searchsorted(edges / edges[-1], u, side="right"), len(names) - 1)]


@lru_cache(maxsize=32)
def zipf(size: int, exponent: float) -> Callable[[np.ndarray], np.ndarray]:
    """A key from 1 to `size`; key k is asked for in proportion to 1 / k ** exponent (Zipf's law).

    By inversion with a guide table (Chen and Asau 1974): most numbers fall where only one key is possible. The table is
    made when a first key is drawn, as most systems never ask for one, and kept: a slider asks for the same many times.
    """

    @cache
    def table() -> tuple[np.ndarray, np.ndarray]:
        edges = np.cumsum(np.arange(1, size + 1, dtype=float) ** -exponent)
        edges /= edges[-1]
        return edges, np.searchsorted(edges, np.arange(GUIDE + 1) / GUIDE, side="right")

    def keys(u: np.ndarray) -> np.ndarray:
        (edges, guide), cell = table(), (u * GUIDE).astype(int)
        found = guide[cell]
        several = np.flatnonzero(found < guide[cell + 1])
        found[several] = np.searchsorted(edges, u[several], side="right")
        return found + 1

    return keys


def identity(u: np.ndarray) -> np.ndarray:
    """The uniform number itself."""
    return u
