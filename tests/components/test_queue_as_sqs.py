"""`Queue` against Amazon SQS as the library `moto` plays it, with the clock frozen: whatever happens in a run of the model,
SQS, asked at the same moments, hands out the same messages, as often, in the same order, and puts the same ones aside.

A run tells what its queue did (sends, receives, deletes) and when; then SQS lives through the same moments. SQS hands out
again what is hidden for more than its time, not for all of it, and the clock knows microseconds: the model hides for a few
of them longer.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from json import dumps
from math import inf
from random import Random

import boto3
import freezegun
import moto
import pytest

from pmtech import Clients, Errors, Outage, Queue, Server, simulate
from pmtech.components.messages import Messages

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = {"aws_access_key_id": "none", "aws_secret_access_key": "none", "region_name": "us-east-1"}
LONGER_S = 4e-6


class Sqs:
    """A queue at Amazon, and one for its dead letters, at any moment of a run."""

    def __init__(self, client, clock, visibility_s: float, max_receives: int | None):
        self.client, self.clock, self.handles = client, clock, {}
        self.at(0)
        self.dead = client.create_queue(QueueName="dead")["QueueUrl"]
        arn = client.get_queue_attributes(QueueUrl=self.dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        attributes = {"VisibilityTimeout": str(int(visibility_s))}
        if max_receives:
            attributes["RedrivePolicy"] = dumps({"deadLetterTargetArn": arn, "maxReceiveCount": str(max_receives)})
        self.url = client.create_queue(QueueName="work", Attributes=attributes)["QueueUrl"]

    def at(self, at_s: float) -> None:
        self.now_s = at_s
        self.clock.move_to(BEGIN + timedelta(seconds=at_s))

    def send(self, at_s: float, number: int) -> None:
        self.at(at_s)
        self.client.send_message(QueueUrl=self.url, MessageBody=str(number))

    def receive(self, at_s: float, most: int = 10, url: str | None = None) -> list[tuple[int, int]]:
        """(number, for the how manieth time) of those that can be seen, up to so many."""
        self.at(at_s)
        asked = {"MaxNumberOfMessages": most, "MessageSystemAttributeNames": ["ApproximateReceiveCount"]}
        found = self.client.receive_message(QueueUrl=url or self.url, **asked).get("Messages", [])
        self.handles |= {int(message["Body"]): message["ReceiptHandle"] for message in found}
        return [(int(m["Body"]), int(m["Attributes"]["ApproximateReceiveCount"])) for m in found]

    def delete(self, at_s: float, number: int) -> None:
        self.at(at_s)
        try:
            self.client.delete_message(QueueUrl=self.url, ReceiptHandle=self.handles[number])
        except self.client.exceptions.ReceiptHandleIsInvalid:
            pass  # it lies among the dead letters

    def left(self, at_s: float, url: str) -> set[int]:
        """All that can be seen at a moment."""
        found = set()
        while more := self.receive(at_s, url=url):
            found |= {number for number, _ in more}
        return found


@pytest.fixture(scope="module")
def amazon():
    with moto.mock_aws():
        yield boto3.client("sqs", **KEYS)


@pytest.fixture
def sqs(amazon):
    """Makes a queue that lasts as long as the test; time stands still."""
    with freezegun.freeze_time(BEGIN) as clock:
        yield partial(Sqs, amazon, clock)
        for url in amazon.list_queues()["QueueUrls"]:
            amazon.delete_queue(QueueUrl=url)


@pytest.mark.parametrize(("visibility_s", "most"), [(30, 3), (10, 1), (5, 4)])
def test_a_message_that_nobody_can_do_is_received_as_often_and_then_dead(sqs, visibility_s, most):
    theirs = sqs(visibility_s, most)
    theirs.send(0, 1)
    found = [(second, *one) for second in range(1, (visibility_s + 2) * most + 5) for one in theirs.receive(second)]
    # Asked once a second, and a message is not there yet at the very second at which its time is up.
    assert found == [(1 + (visibility_s + 1) * n, 1, n + 1) for n in range(most)]
    assert theirs.left(1000, theirs.url) == set() and theirs.left(1000, theirs.dead) == {1}
    one = Clients(rate_per_s=0.001, arrivals="even")
    queue = Queue(visibility_s=visibility_s, max_receives=most, store_ms=0)
    run = simulate(one >> queue >> Server(), duration_s=900, events=[Errors("server", at_s=0, for_s=900, share=1)])
    assert run.messages.receives.tolist() == [most] and run.messages.outcome.tolist() == ["dead"]
    received_s = run.refusals[run.refusals.component == "server"].at_s.tolist()
    assert received_s == [visibility_s * n for n in range(most)]


# --- any timeline -------------------------------------------------------------------------------------------------------


@pytest.fixture
def log(monkeypatch):
    """What queues do from now on: (when, what, the messages and how often each has been received)."""
    noted = []
    add, take, done = Messages.add, Messages.take, Messages.done

    def note(at_s, what, messages):
        noted.append((at_s, what, [(message.number, message.receives) for message in messages]))

    def watched_add(queue, message):
        add(queue, message)
        note(message.published_s, "send", [message])

    def watched_take(queue, most, now):
        taken, dead = take(queue, most, now)
        note(now, "receive", taken)
        return taken, dead

    def watched_done(queue, taken, now):
        note(now, "delete", taken)
        done(queue, taken, now)

    for name, method in (("add", watched_add), ("take", watched_take), ("done", watched_done)):
        monkeypatch.setattr(Messages, name, method)
    return noted


def live_through(log, theirs: Sqs, spec: Queue) -> None:
    """SQS does what the model did, receive for receive; a message that came back was not there just before."""
    received_s = {}
    for at_s, what, messages in log:
        if what == "receive":
            before_s = at_s - 2 * LONGER_S
            came_back = all(at_s - received_s.get(number, at_s) == spec.visibility_s for number, _ in messages)
            if came_back and before_s > theirs.now_s:
                assert theirs.receive(before_s) == [], "somebody was free, and nothing had come back yet"
            assert theirs.receive(at_s, spec.batch) == messages, f"at {at_s:.3f} s"
            received_s |= {number: at_s for number, _ in messages}
        else:
            for number, _ in messages:
                getattr(theirs, what)(at_s, number)


def timeline(luck: Random):
    """Too much or too little work, done too late or not at all, and workers that die."""
    queue = Queue(
        visibility_s=luck.choice([2, 5, 12]) + LONGER_S,
        max_receives=luck.choice([None, 1, 2, 3]),
        batch=luck.choice([1, 1, 3, 10]),
    )
    worker = Server("Worker", workers=luck.choice([1, 2, 4]), service_ms=luck.choice([500, 2000, 4000]), item_ms=100)
    events = [Outage("worker", at_s=luck.uniform(5, 20), for_s=luck.uniform(1, 15))] * luck.choice([0, 1])
    events += [Errors("worker", at_s=0, for_s=60, share=0.3, same=luck.choice([True, False]))] * luck.choice([0, 1])
    return Clients(rate_per_s=luck.choice([0.3, 1.0])) >> queue >> worker, queue, events


@pytest.mark.parametrize("seed", [4, 14, 20, 23, 27, 35, 39])
def test_receive_for_receive(log, sqs, seed):
    system, queue, events = timeline(Random(seed))
    told = simulate(system, duration_s=40, seed=seed + 1, events=events).messages
    theirs = sqs(queue.visibility_s, queue.max_receives)
    live_through(log, theirs, queue)
    later_s = 40 + queue.visibility_s + 1  # nobody works any more: whatever was in somebody's hands is back
    spent, undone = told.receives >= (queue.max_receives or inf), told.outcome != "done"
    assert theirs.left(later_s, theirs.url) == set(told.index[undone & ~spent])
    assert theirs.left(later_s, theirs.dead) == set(told.index[undone & spent])
