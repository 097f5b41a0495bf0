"""What seats and the facilitator send: nothing else is taken, and no other kind of value."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pmtech.panels.cards import MOST
from pmtech.room.settings import EACH_WAY
from pmtech.room.state import SEATS


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Join(_Model):
    word: str = Field(max_length=100)
    own: str = Field("", pattern=r"^([0-9a-f]{64})?$")  # a secret of the learner's own, to come back by


class Vote(_Model):
    question: str = Field(max_length=80)
    option: float = Field(allow_inf_nan=False)
    round: int | None = Field(None, ge=1, le=1_000_000)  # that was on the page; None: whichever is open


class Reached(_Model):
    lesson: str = Field(pattern=r"^[0-9]{2}$")
    section: int = Field(ge=0, le=30)
    state: str = Field(max_length=20)


class Score(_Model):
    day: Literal["tickets", "sale", "match", "food"]
    number: int = Field(ge=0, le=1_000_000)
    kept: int = Field(ge=0, le=20)
    of: int = Field(ge=1, le=20)


Panel = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Number = Annotated[float, Field(allow_inf_nan=False)]
Label = Annotated[str, Field(max_length=100)]


class Place(_Model):
    panel: Panel
    at: list[Number] = Field(min_length=1, max_length=2)
    alike: bool  # as at first in all that the map does not show


class Stuck(_Model):
    stuck: bool


class Ask(_Model):
    question: str = Field(max_length=80)


class Clock(_Model):
    lesson: str = Field(pattern=r"^[0-9]{2}$")
    runs: bool


class Truth(_Model):
    question: str = Field(max_length=80)
    value: float = Field(allow_inf_nan=False)


class Axis(_Model):
    label: Label
    stops: list[Number] = Field(min_length=2, max_length=EACH_WAY)
    said: list[Label] = Field(min_length=2, max_length=EACH_WAY)


class Shown(_Model):
    said: Label
    figure: Number | None


class Map(_Model):
    panel: Panel
    axes: list[Axis] = Field(min_length=1, max_length=2)
    cards: dict[Label, Annotated[list[Shown], Field(max_length=EACH_WAY**2)]] = Field(min_length=1, max_length=MOST)


class Aloud(_Model):
    code: str = Field(max_length=12)


class Hands(_Model):
    counts: dict[str, Annotated[int, Field(ge=0, le=SEATS)]] = Field(max_length=30)
