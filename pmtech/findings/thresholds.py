"""From where on something is said of a run: every threshold of the sentences, with its reason."""

from typing import NamedTuple


class Long(NamedTuple):
    """A queue is long that is longer than so many standard deviations of chance, and than what is served in so many seconds."""

    sigmas: float
    seconds: float


CHANCE = 3.0  # standard deviations: chance alone goes further once in 370 times
STANDING = Long(CHANCE, 0.5)  # at the end: half a second is noticed
PASSED = Long(2 * CHANCE, 1.0)  # the longest of a whole run: near 100 % in use chance makes long queues, and ends them
MOMENT_S = 1.0  # shorter is no time in a sentence that counts in seconds
YOUNG = 0.05  # of the run: what is younger may be over in a moment
PART = 0.1  # of a whole: less is not worth a word of its own
TURNED_AWAY = 0.02  # of those who came: fewer are an accident
# What made a queue
TURNED = 0.3  # of its growth: by so much faster or slower a queue grows since somebody turned something
MOSTLY = 0.5  # of something: what explains more than half of it is its cause
NEARLY = 0.9  # of a limit: a full queue has a free place now and then, a part in full use pauses
LEVEL = 0.6  # of its time: a queue that had its length before that has stopped growing
CLEARLY = 0.95  # of what was to be expected: less is not the same any more
TAKEN = 0.85  # of the time of workers that are enough: if their own work is less than that, it is others who take it
A_LITTLE = 1.01  # times what can be served: above that it is more than all of it
HOLDER = 0.6  # of the longest stay behind a part: who stays so long there is held there too, by the last of them
STILL = 20.0  # times the mean time between two who begin: chance alone is silent so long once in 500 million times
# How quick it was, and how sure that is
ENOUGH = 20  # for the slowest 1 in 20
ENOUGH_FOR_P99 = 1000  # ten slower ones, so that one more or less does not move it far
DOUBT = 0.5  # of p99, between the ends of where it may lie
INSIDE = 0.05  # of those who came: so many who still wait would change the figures
UNLIKE = 3.0  # times as slow: no figure speaks for both of two clients
