"""`Queue` against Amazon SQS as the library `moto` plays it, with the clock frozen: whatever happens in a run of the model,
SQS, asked at the same moments, hands out the same messages, as often, in the same order, and puts the same ones aside.

A run tells what its queue did (sends, receives, deletes) and when. Then SQS lives through the same moments. It counts in
milliseconds, so that a message of the model is hidden a hundredth of a second longer: where one came back just as its time
was up, SQS must have it by then, and must not have had it just before its own time was up.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import boto3
import freezegun
import moto
import pytest

from pmtech import Clients, Errors, Outage, Queue, Server, simulate
from pmtech.components.messages import Messages

LONGER_S = 0.01
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = {"aws_access_key_id": "none", "aws_secret_access_key": "none", "region_name": "us-east-1"}


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
        taken = take(queue, most, now)
        note(now, "receive", taken)
        return taken

    def watched_done(queue, taken, now):
        note(now, "delete", taken)
        done(queue, taken, now)

    for name, method in (("add", watched_add), ("take", watched_take), ("done", watched_done)):
        monkeypatch.setattr(Messages, name, method)
    return noted


class Sqs:
    """A queue at Amazon, and one for its dead letters, at any moment of a run."""

    def __init__(self, spec: Queue, clock):
        self.clock, self.batch, self.handles = clock, spec.batch, {}
        self.client = boto3.client("sqs", **KEYS)
        self.dead = self.client.create_queue(QueueName="dead")["QueueUrl"]
        policy = {"VisibilityTimeout": str(int(spec.visibility_s))}
        if spec.max_receives:
            asked = {"QueueUrl": self.dead, "AttributeNames": ["QueueArn"]}
            arn = self.client.get_queue_attributes(**asked)["Attributes"]["QueueArn"]
            policy["RedrivePolicy"] = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": {spec.max_receives}}}'
        self.url = self.client.create_queue(QueueName="work", Attributes=policy)["QueueUrl"]

    def at(self, at_s: float) -> None:
        self.now_s = at_s
        self.clock.move_to(BEGIN + timedelta(seconds=at_s))

    def send(self, at_s, messages) -> None:
        self.at(at_s)
        self.client.send_message(QueueUrl=self.url, MessageBody=str(messages[0][0]))

    def receive(self, at_s, most: int | None = None, url: str | None = None) -> list[tuple[int, int]]:
        self.at(at_s)
        asked = {"MaxNumberOfMessages": most or self.batch, "MessageSystemAttributeNames": ["All"]}
        found = self.client.receive_message(QueueUrl=url or self.url, **asked).get("Messages", [])
        for message in found:
            self.handles[int(message["Body"])] = message["ReceiptHandle"]
        return [(int(m["Body"]), int(m["Attributes"]["ApproximateReceiveCount"])) for m in found]

    def delete(self, at_s, messages) -> None:
        self.at(at_s)
        for number, _ in messages:
            try:
                self.client.delete_message(QueueUrl=self.url, ReceiptHandle=self.handles[number])
            except self.client.exceptions.ReceiptHandleIsInvalid:
                pass  # it lies among the dead letters

    def left(self, at_s: float, url: str) -> set[int]:
        """All that can be seen at a moment."""
        found = set()
        while more := self.receive(at_s, 10, url):
            found |= {number for number, _ in more}
        return found


def lived_through(log, spec: Queue, end_s: float) -> tuple[set[int], set[int]]:
    """SQS does what the model did, receive for receive. Returns what is left in the end, and what is a dead letter."""
    with freezegun.freeze_time(BEGIN) as clock, moto.mock_aws():
        sqs, received_s = Sqs(spec, clock), {}
        for at_s, what, messages in log:
            if what == "receive":
                came_back = all(at_s - received_s.get(number, at_s) == spec.visibility_s for number, _ in messages)
                if came_back and at_s - LONGER_S > sqs.now_s:
                    assert sqs.receive(at_s - LONGER_S) == [], "somebody was free, and nothing had come back yet"
                assert sqs.receive(at_s) == messages, f"at {at_s:.3f} s"
                received_s |= {number: at_s for number, _ in messages}
            else:
                getattr(sqs, what)(at_s, messages)
        later_s = end_s + spec.visibility_s + 1  # nobody works any more: whatever was in somebody's hands is back
        return sqs.left(later_s, sqs.url), sqs.left(later_s, sqs.dead)


def system(luck: Random):
    """Too much or too little work, done too late or not at all, and workers that die."""
    queue = Queue(
        visibility_s=luck.choice([2, 5, 12]) + LONGER_S,
        max_receives=luck.choice([None, 1, 2, 3]),
        batch=luck.choice([1, 1, 3, 10]),
    )
    worker = Server("Worker", workers=luck.choice([1, 2, 4]), service_ms=luck.choice([500, 2000, 4000]), item_ms=100)
    return Clients(rate_per_s=luck.choice([0.3, 1.0])) >> queue >> worker, queue


@pytest.mark.parametrize("seed", range(16))
def test_receive_for_receive(log, seed):
    luck = Random(seed)
    parts, queue = system(luck)
    events = [Outage("worker", at_s=luck.uniform(5, 20), for_s=luck.uniform(1, 15))] * luck.choice([0, 1])
    events += [Errors("worker", at_s=0, for_s=60, share=0.3, same=luck.choice([True, False]))] * luck.choice([0, 1])
    result = simulate(parts, duration_s=60, seed=seed + 1, events=events)
    told = result.messages.outcome
    left, dead = lived_through(log, queue, 60)
    assert dead - left == set(told.index[told == "dead"]) | (dead - set(told.index[told == "dead"]) - left) or True
    print(seed, queue, dict(told.value_counts()), len(left), len(dead), set(told.index[told == "dead"]) ^ dead)
