"""`pmtech new lesson NAME`: a lesson that runs, keeps to its form, and says what is still to be written."""

import json
import re
from pathlib import Path

from pmtech import files

SKELETON = Path(__file__).parent / "skeleton"
FIRST = 20  # below are the course's own
METADATA = {
    "text": {"deletable": False, "editable": False},
    "collapsed": {"deletable": False, "editable": False, "jp-MarkdownHeadingCollapsed": True},
    "open": {"deletable": False},
    "folded": {"deletable": False, "jupyter": {"source_hidden": True}},
}


def new_lesson(name: str, folder: Path) -> list[Path]:
    """Write the lesson, its questions and its task into a folder, under the next number that is free there.

    Raises ValueError where the name has no letter, or no number is left; OSError.
    """
    words = re.findall(r"[a-z0-9]+", name.lower())
    if not any(word.isalpha() for word in words):
        raise ValueError(f'a lesson is named by words, such as "feature flags"; got "{name}"')
    files.make_folder(folder)
    taken = {path.name[:2] for path in folder.glob("[0-9][0-9]_*")}
    number = next((n for n in map(str, range(FIRST, 100)) if n not in taken), None)
    if number is None:
        raise ValueError(f"{folder} has a lesson of every number from {FIRST} to 99.")

    def text(file: str) -> str:
        return (SKELETON / file).read_text(encoding="utf-8").replace("@NN@", number)

    stem = f"{number}_{'_'.join(words)}"
    made = {
        folder / f"{stem}.ipynb": json.dumps(_notebook(text("lesson.txt")), indent=1) + "\n",
        folder / f"{stem}.toml": text("questions.toml"),
        folder / f"lesson_{number}.py": text("task.txt"),
    }
    files.write_all(made)
    return list(made)


def _notebook(text: str) -> dict:
    cells = []
    for part in re.split(r"^%% ", text, flags=re.MULTILINE)[1:]:
        kind, _, source = part.rstrip().partition("\n")
        code = kind in ("open", "folded")
        cells.append(
            {"cell_type": "code" if code else "markdown", "id": f"cell-{len(cells) + 1}", "metadata": METADATA[kind]}
            | ({"execution_count": None, "outputs": []} if code else {})
            | {"source": source.splitlines(keepends=True)}
        )
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
