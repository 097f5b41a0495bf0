"""The shapes of what the API takes and gives: surveys, their responses, payments, and a page of any of these."""

import re
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Text = Annotated[str, Field(min_length=1, max_length=120)]
Status = Literal["draft", "open", "closed"]


class Input(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


def _digits(value: object) -> object:
    """Python would also take 1_0 for ten."""
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]+", value):
        raise ValueError("a whole number is written in digits")
    return value


DIGITS = BeforeValidator(_digits)


class Row(BaseModel):
    id: int


class SurveyIn(Input):
    title: Text
    owner: Text = "ana"
    status: Status = "draft"
    goal: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    questions: Annotated[list[Text], Field(max_length=50)] = []


class Survey(SurveyIn, Row):
    version: int


class ResponseIn(Input):
    respondent: Text
    score: Annotated[int, Field(ge=1, le=5)]
    comment: Annotated[str, Field(max_length=1000)] = ""


class SurveyResponse(ResponseIn, Row):
    survey_id: int


class PaymentIn(Input):
    customer: Text
    seats: Annotated[int, Field(ge=1, le=1000)]


class Payment(PaymentIn, Row):
    amount_usd: int


Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    items: list[Item]
    total: int


class Paging(BaseModel):
    limit: Annotated[int, DIGITS, Field(ge=1, le=100)] = 20
    offset: Annotated[int, DIGITS, Field(ge=0, le=1_000_000)] = 0


class SurveyQuery(Paging):
    status: Status | None = None
    owner: Annotated[str | None, Field(max_length=120)] = None
    q: Annotated[str | None, Field(max_length=120, description="letters the title contains")] = None
