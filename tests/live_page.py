"""What the page of a `live` panel wishes, as it is sent."""

from __future__ import annotations

WISH = {
    "number": 0,
    "presses": 0,
    "steps": 0,
    "resets": 0,
    "surges": 0,
    "kills": {},
    "values": {},
    "speed": 1,
    "playing": False,
}
