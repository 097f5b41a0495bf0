"""What a picture says about a part, in a few words that fit."""

from __future__ import annotations

import re

from pmtech.components import Cache, Database, Gateway, LoadBalancer, Network, RateLimiter, Server, Throttle, Users
from pmtech.system.flow import Flow
from pmtech.wording import counted, plain, rate


def facts_of(part, copies: int = 1, held_ms: float = 0.0) -> list[str]:
    """How a part is set up, a few words each."""
    held = f" work + {rate(held_ms)} ms held" if held_ms else ""
    each = "each " if copies > 1 else ""
    facts = []
    match part:
        case Users(count=count, think_s=think_s):
            facts = [f"{plain(count)} users, {plain(think_s)} s to think"]
        case Server(workers=count, service_ms=ms):
            facts = [f"{each}{counted(count, 'worker')}, {plain(ms)} ms{held}"]
        case Database(connections=count, query_ms=ms):
            facts = [f"{each}{counted(count, 'connection')}, {plain(ms)} ms"]
        case Cache(capacity=count, ttl_s=ttl_s, coalesce=coalesce, invalidate=invalidate, private=private):
            facts = [counted(count, "answer") + (" for each caller" if private else "")]
            facts += [f"for {plain(ttl_s)} s at most"] if ttl_s is not None else []
            facts += ["a write removes its copy"] if invalidate else []
            facts += ["asks once for all who wait"] if coalesce else []
        case Network(round_trip_ms=ms):
            facts = [f"{plain(ms)} ms there and back"]
        case RateLimiter(limit=limit, per_s=per_s, by=by, algorithm=algorithm):
            every = "/s" if per_s == 1 else f"in {plain(per_s)} s"
            facts = [f"lets {plain(limit)} {every} pass, {'each caller' if by == 'client' else 'all together'}"]
            facts += [algorithm.replace("_", " ")]
        case Throttle(rate_per_s=most, priority=priority, shed=shed, max_wait_s=wait):
            facts = [f"lets {plain(most)} /s through"]
            facts += [f"first {', '.join(priority)}"] if priority else []
            facts += [f"sheds {', '.join(shed)}"] if shed else []
            facts += [f"waits at most {plain(wait)} s"] if wait is not None else []
        case LoadBalancer(policy=policy):
            facts = [policy.replace("_", " ")]
    if surge := getattr(part, "surge", None):
        facts.append(f"× {plain(surge.times)} from {plain(surge.at_s)} to {plain(surge.at_s + surge.for_s)} s")
    if retries := getattr(part, "retries", 0):
        facts.append(f"retries {counted(retries, 'time')}")
    if getattr(part, "queue_limit", None) is not None:
        facts.append(f"{each}queue of {plain(part.queue_limit)}")
    return facts


def troubles(part, flow: Flow) -> tuple[str, list[str]]:
    """What happens to the excess, "waiting" or "refused" (or "" where there is none), and how much in words."""
    refused, waiting = flow.refused > 1e-9 * flow.arrives, flow.held_back > 1e-9 * flow.arrives
    words = []
    if flow.capacity is not None and (refused or waiting):
        words.append(f"overloaded: {rate(flow.arrives)} of {rate(flow.capacity)} /s")
    if refused:
        words.append(f"refused: {rate(flow.refused)} /s")
        words += ["no route for these"] if isinstance(part, Gateway) else []
    if waiting:
        words.append(f"waiting: +{rate(flow.held_back)} /s")
    return "waiting" if waiting else "refused" if refused else "", words


# Advance widths in ems of DejaVu Sans, the widest of the usual system fonts: what fits there fits everywhere.
_EMS = {c: ems for ems, some in ((0.33, "ijlI.,:;'|/![] \u00a0"), (0.4, "ftr-()"), (0.57, "ckszxyv")) for c in some}
_EMS |= dict.fromkeys("mwMWQO@%×+", 0.92)


def text_width(text: str, size: float, bold: bool = False) -> float:
    """About how many pixels a text is wide."""
    ems = (_EMS.get(c, 1.0 if ord(c) > 0x2E7F else 0.7 if c.isupper() else 0.63) for c in text)
    return size * sum(ems) * (1.1 if bold else 1)


def cut(text: str, size: float, room: float, bold: bool = False) -> str:
    """The text, with an ellipsis where it would be too long."""
    whole = text
    while text_width(text if text == whole else text + "…", size, bold) > room and text:
        text = text[:-1]
    return text if text == whole else text.rstrip() + "…"


def wrap(text: str, size: float, room: float, bold: bool = False, lines: int = 3) -> tuple[str, ...]:
    """The text in a few lines, cut where they do not suffice; a number stays with its unit."""
    done = [""]
    for word in re.sub(r"(?<=\d) (?=\S)|(?<=×) |(?<=of) |(?<=\+) ", "\u00a0", text).split(" "):
        longer = f"{done[-1]} {word}".strip()
        if len(done) < lines and done[-1] and text_width(longer, size, bold) > room:
            done.append(word)
        else:
            done[-1] = longer
    return tuple(cut(line, size, room, bold) for line in done)
