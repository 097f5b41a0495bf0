"""jsonschema, imported two seconds sooner."""

import sys

GRAMMARS = "rfc3987_syntax"


def validator():
    """jsonschema's validator. Where jsonschema finds `GRAMMARS` as it is imported, it builds 38 of them, and nothing here asks
    whether an address with letters beyond ASCII is one. Whoever else wants that module finds it, before and after.

    Raises ImportError where jsonschema is missing.
    """
    hidden = GRAMMARS not in sys.modules
    if hidden:
        sys.modules[GRAMMARS] = None  # type: ignore[assignment]  # Python's own sign that it cannot be imported
    try:
        from jsonschema import Draft202012Validator
    finally:
        if hidden:
            del sys.modules[GRAMMARS]
    return Draft202012Validator
