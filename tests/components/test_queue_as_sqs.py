"""`Queue` beside Amazon SQS as the library `moto` plays it, with the clock frozen: one message that nobody can do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from json import dumps

import boto3
import freezegun
import moto
import pytest

from pmtech import Clients, Errors, Queue, Server, simulate

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = {"aws_access_key_id": "none", "aws_secret_access_key": "none", "region_name": "us-east-1"}


def received_at(visibility_s: int, most: int, seconds: int) -> tuple[list[int], int]:
    """When a message is received by somebody who asks every second and never deletes it, and how many letters are dead."""
    with freezegun.freeze_time(BEGIN) as clock, moto.mock_aws():
        sqs = boto3.client("sqs", **KEYS)
        dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = dumps({"deadLetterTargetArn": arn, "maxReceiveCount": str(most)})
        attributes = {"VisibilityTimeout": str(visibility_s), "RedrivePolicy": policy}
        queue = sqs.create_queue(QueueName="queue", Attributes=attributes)["QueueUrl"]
        sqs.send_message(QueueUrl=queue, MessageBody="work")
        found = []
        for second in range(1, seconds):
            clock.move_to(BEGIN + timedelta(seconds=second))
            found += [second] * len(sqs.receive_message(QueueUrl=queue).get("Messages", []))
        return found, len(sqs.receive_message(QueueUrl=dead).get("Messages", []))


@pytest.mark.parametrize(("visibility_s", "most"), [(30, 3), (10, 1), (5, 4)])
def test_a_message_that_nobody_can_do_is_received_as_often_and_then_dead(visibility_s, most):
    theirs, dead = received_at(visibility_s, most, (visibility_s + 2) * most + 5)
    system = (
        Clients(rate_per_s=0.001, arrivals="even")
        >> Queue(visibility_s=visibility_s, max_receives=most, store_ms=0)
        >> Server()
    )
    run = simulate(system, duration_s=900, events=[Errors("server", at_s=0, for_s=900, share=1)])
    assert run.messages.receives.tolist() == [len(theirs)] == [most]
    assert run.messages.outcome.tolist() == ["dead"] and dead == 1
    ours = run.refusals[run.refusals.component == "server"].at_s.tolist()
    assert ours == [visibility_s * n for n in range(most)]
    # SQS is asked once a second, and a message is not there yet at the very second at which its time is up.
    assert [second - theirs[0] for second in theirs] == [(visibility_s + 1) * n for n in range(most)]
