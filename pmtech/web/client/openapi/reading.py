"""A document in JSON or YAML, read from its file or its text."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from pmtech import files

DEEPEST = 100  # levels


def read(source: str | Path) -> Any:
    """The data in a file of JSON or YAML, or in such a text itself. Raises ValueError with a sentence."""
    try:
        data = source.encode() if isinstance(source, str) and is_text(source) else files.read(Path(source))
        if data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{"):
            try:
                return json.loads(data, object_pairs_hook=once)
            except json.JSONDecodeError:
                pass  # YAML may begin like this, too
        return yaml.load(data, _Yaml)
    except OSError as error:
        said = f"document {str(source)[:200]!r} cannot be read ({error.strerror}); it must be a file"
        raise ValueError(said) from None
    except (yaml.YAMLError, ValueError) as error:
        said = " ".join(str(error).split())
        said = said if said.startswith("document") else f"document is neither JSON nor YAML: {said}"
        raise ValueError(said) from None
    except RecursionError:
        raise ValueError(f"document is nested more than {DEEPEST} levels deep") from None


def is_text(source: str) -> bool:
    """Whether it is a document itself, and not the path of one."""
    return "\n" in source or source.lstrip().startswith("{")


def once(pairs: list[tuple[str, Any]]) -> dict:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"document has {next(n for n in names if names.count(n) > 1)!r} twice in one place")
    return made


_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Yaml(_Loader):
    """YAML 1.2, which OpenAPI asks for: no, on, 12:30 and 2026-01-01 are text, and no key comes twice."""

    yaml_implicit_resolvers: dict = {}

    def construct_mapping(self, node, deep=False):
        once([(str(key.value), None) for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"])
        return super().construct_mapping(node, deep)


for _tag, _pattern in {
    "null": "~|null|Null|NULL|",
    "bool": "true|True|TRUE|false|False|FALSE",
    "int": "[-+]?(0|[1-9][0-9]*)",
    "float": r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
    "merge": "<<",
}.items():
    _Yaml.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), None)
