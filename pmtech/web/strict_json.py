"""JSON from outside: one reader for all of it, with one limit of depth, whose errors are sentences."""

import json
from typing import Any

DEPTH = 50
DIGITS = 400


def parse(data: bytes | str, name: str) -> Any:
    """Text, or bytes of UTF-8, as data (RFC 8259); 5.0 and 5e0 are the whole number 5, as in a JSON Schema.

    Raises ValueError with a sentence about what is called `name`, such as "the body is not JSON: ...".
    """
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
        value = json.loads(text, parse_int=_whole, parse_float=_number, parse_constant=_not_json)
    except UnicodeError:
        raise ValueError(f"{name} is not proper UTF-8") from None
    except RecursionError:
        raise ValueError(f"{name} is nested more than {DEPTH} deep") from None
    except ValueError as error:
        raise ValueError(f"{name} is not JSON: {str(error).partition(' (char')[0]}") from None
    check_depth(value, name)
    return value


def check_depth(value: Any, name: str) -> None:
    """Raises ValueError when lists and objects lie more than `DEPTH` deep inside one another."""
    level = [value]
    for _ in range(DEPTH + 1):
        level = [part for part in level if isinstance(part, (dict, list))]
        if not level:
            return
        level = [inner for part in level for inner in (part.values() if isinstance(part, dict) else part)]
    raise ValueError(f"{name} is nested more than {DEPTH} deep")


def _whole(digits: str) -> int:
    # Beyond every limit with any ending; Python refuses to read thousands of digits.
    return int(digits[:DIGITS])


def _number(text: str) -> float | int:
    value = float(text)
    return int(value) if value.is_integer() else value


def _not_json(word: str) -> Any:
    raise ValueError(f"{word} is no JSON value")
