"""What holds the project together: its lists agree, its wheel is complete, its layers point down."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import pmtech

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SUPPORTED = [line.rsplit(" ", 1)[1] for line in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", line)]
PINS = dict(
    line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")
)
PINNED = {canonicalize_name(name): version for name, version in PINS.items()}


def files_of_the_project(*paths: str) -> list[Path]:
    """What is in version control or about to be; in a copy without it, what is not hidden."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *paths],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        found = (ROOT / name for name in listed.stdout.split("\0") if name)
    else:
        found = (path for start in paths or ["."] for path in (ROOT / start).rglob("*"))
    found = (path for path in found if path.is_file() and "__pycache__" not in path.parts)
    return sorted(path for path in found if not {".git", ".venv"} & set(path.relative_to(ROOT).parts))


# One list of dependencies


def test_environment_yml_adds_nothing_to_pyproject():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *conda, pip = environment["dependencies"]
    assert pip == {"pip": ["-c constraints.txt", "-e ."]}
    assert [re.match(r"\w+", line).group() for line in conda] == ["python", "pip"]
    assert conda[0] == f"python{PROJECT['requires-python']}"


def every_requirement() -> set[Requirement]:
    """What pmtech and its tests need here, and what these need in turn."""
    found: set[Requirement] = set()
    todo = [(Requirement(line), "") for line in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]]
    while todo:
        requirement, extra = todo.pop()
        if requirement in found or (requirement.marker and not requirement.marker.evaluate({"extra": extra})):
            continue
        found.add(requirement)
        for line in metadata.requires(requirement.name) or []:
            todo += [(Requirement(line), extra) for extra in (requirement.extras or {""})]
    return found


def test_every_package_is_pinned_to_a_version_that_fits():
    loose = [str(needed) for needed in every_requirement() if canonicalize_name(needed.name) not in PINNED]
    assert loose == []
    wrong = [
        str(needed)
        for needed in every_requirement()
        if not needed.specifier.contains(PINNED[canonicalize_name(needed.name)])
    ]
    assert wrong == []


def test_the_pins_install_on_the_first_release_of_every_supported_python():
    assert SUPPORTED[0] == PROJECT["requires-python"].removeprefix(">=")
    refused = [
        (here.name, here.version, python)
        for here in metadata.distributions()
        if PINNED.get(canonicalize_name(here.name)) == here.version
        for python in SUPPORTED
        if not SpecifierSet(here.metadata.get("Requires-Python", "")).contains(f"{python}.0")
    ]
    assert refused == []


# The wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=ROOT, check=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_package_its_data_and_the_lessons_and_nothing_else(wheel):
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    package = {str(path.relative_to(ROOT).as_posix()) for path in files_of_the_project("pmtech")}
    lessons = {f"pmtech/lessons/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}
    notes = {f"pmtech/lessons/instructor/{path.name}" for path in (ROOT / "notebooks" / "instructor").glob("*.md")}
    assert inside == package | lessons | notes
    assert {".py", ".toml", ".js", ".css", ".json", ".ipynb"} <= {Path(name).suffix for name in inside}
    assert wheel.name == f"pmtech-{pmtech.__version__}-py3-none-any.whl"


def test_the_lessons_come_out_of_the_wheel(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    program = "import pathlib, pmtech.install.cli; print(pmtech.install.cli.__file__, *pmtech.install.cli.copy_lessons(pathlib.Path('mine')))"
    said = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said.startswith(str(tmp_path / "installed"))
    copied = {path.name: path.read_bytes() for path in (tmp_path / "mine").iterdir()}
    assert copied == {path.name: path.read_bytes() for path in (ROOT / "notebooks").glob("*.ipynb")}


# What is written down


def test_the_commands_of_the_readme_exist():
    readme = (ROOT / "README.md").read_text()
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)\b(?=[^a-z ]|\s*(?:#|$))", readme, re.MULTILINE))
    assert {"lab", "test"} <= named <= targets
    commands = set(
        re.findall(r"\bpmtech (lab|check|[a-z]+)\b(?=`|$| notebooks$| lesson\b| \d\d| --)", readme, re.MULTILINE)
    )
    assert commands == {"lab", "check", "lint", "new", "present", "room"}
    assert "conda env create -f environment.yml" in readme
    assert r".venv\Scripts\pmtech" in readme


@pytest.mark.parametrize("target", ["lint", "test"])
def test_ci_runs_make(target):
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert re.search(rf"^make {target}\b", script.read_text(), re.MULTILINE)


def test_the_workflow_runs_the_tests_for_every_python_on_every_system_weekly_too():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text())
    job = workflow["jobs"]["test"]
    assert job["strategy"]["matrix"]["python"] == SUPPORTED
    assert job["strategy"]["matrix"]["os"] == ["ubuntu", "macos", "windows"]
    assert re.match(r"make test\b", job["steps"][-1]["run"])
    assert re.fullmatch(r"\d+ \d+ \* \* \d", workflow[True]["schedule"][0]["cron"])  # YAML 1.1 reads "on" as True
    readme = (ROOT / "README.md").read_text()
    assert f"Python {SUPPORTED[0]} to {SUPPORTED[-1]}" in readme and "have been run on Linux" in readme


# A tool that writes down how it was called, and leaves behind a .venv whose Python does the same.
TOOL = """#!/bin/sh
echo "$(basename "$0") $*" >> calls
case "$*" in *venv*) mkdir -p .venv/bin; cp "$0" .venv/bin/python ;; esac
"""


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make here")
@pytest.mark.parametrize(
    ("tools", "arguments", "made", "install"),
    [
        (
            ["uv", "python3"],
            [],
            "uv venv --quiet --seed --allow-existing --python >=3.11 .venv",
            "uv pip install --quiet --python .venv/bin/python --constraint constraints.txt --editable",
        ),
        (["python3"], [], "python3 -m venv .venv", "python -m pip install"),
        (["uv", "python3"], ["UV="], "python3 -m venv .venv", "python -m pip install"),
        (["uv"], ["PYTHON=3.12"], "uv venv --quiet --seed --allow-existing --python 3.12 .venv", "uv pip install"),
        (["other"], ["PYTHON=other"], "other -m venv .venv", "python -m pip install"),
    ],
)
def test_make_takes_uv_where_it_is_and_pip_where_not(tmp_path, tools, arguments, made, install):
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "mkdir", "cp", "touch", "basename", "echo"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))
    for tool in tools:
        (tmp_path / "bin" / tool).write_text(TOOL)
        (tmp_path / "bin" / tool).chmod(0o755)
    make = [shutil.which("make"), *arguments]
    for target in ("lab", "lab", "test"):
        subprocess.run([*make, target], cwd=tmp_path, env={"PATH": str(tmp_path / "bin")}, check=True)
    calls = [line for line in (tmp_path / "calls").read_text().splitlines() if " -c " not in line]
    assert [calls[0], *calls[2:4], calls[5]] == [
        made,
        "python -m pmtech lab notebooks",
        "python -m pmtech lab notebooks",
        "python -m pytest -n 3",
    ]
    assert calls[1].startswith(install) and calls[1].endswith("--editable .")
    assert calls[4].startswith(install) and calls[4].endswith("--editable .[test]")
    assert len(calls) == 6


def test_what_only_tests_need_is_not_installed_with_the_course():
    names = {Requirement(line).name for line in PROJECT["dependencies"]}
    assert {"pytest", "nbval", "ruff", "mypy", "hypothesis", "playwright"} & names == set()


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("a path of one machine", r"(?<![\w.:/])/(?:root|home|work|tmp|Users|private|opt)/\w|[A-Z]:\\Users"),
        ("the address of a package registry", r"(?i)index[-_]url|(?:pypi|pythonhosted|npmjs|anaconda)\.(?:org|com)/"),
    ],
)
def test_no_file_names(what, pattern):
    own = Path(__file__)
    named = {}
    for path in files_of_the_project():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if path != own and (hit := re.search(pattern, text)):
            named[path.relative_to(ROOT).as_posix()] = hit.group()
    assert named == {}, what


def test_the_code_has_the_form_that_ruff_gives_it():
    subprocess.run([sys.executable, "-m", "ruff", "check", "--quiet", str(ROOT)], check=True)
    subprocess.run([sys.executable, "-m", "ruff", "format", "--check", "--quiet", str(ROOT)], check=True)


# The house: imports point down only

ROOMS = [
    "wording",
    "files",
    "escapes",
    "theory",
    "kinds",
    "engine",
    "components",
    "system",
    "traces",
    "runs",
    "findings",
    "diagram",
]
ROOMS += ["charts", "web", "panels", "course", "sketch", "room", "install", "__init__", "__main__"]
LAYER = {room: number for number, room in enumerate(ROOMS)}
MODELS = set(ROOMS[: ROOMS.index("diagram")])
SOURCES = sorted((ROOT / "pmtech").rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(ROOT / "pmtech").parts[0].removesuffix(".py")


def imported_by(path: Path) -> set[str]:
    """Full names, `pmtech.charts` for `from pmtech import charts`, wherever in the file the import stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: imports are written in full"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_every_module_has_its_layer():
    assert {room_of(path) for path in SOURCES} <= set(LAYER), "a new module gets its place in LAYERS"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path):
    here = room_of(path)
    rooms = {name.split(".")[1] for name in imported_by(path) if name.startswith("pmtech.")}
    assert rooms <= set(LAYER), "a name is imported from the module that makes it, and each module has its layer"
    up = {room for room in rooms if LAYER[room] > LAYER.get(here, 0)}
    assert up == set()


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if room_of(path) in MODELS], ids=lambda path: str(path.relative_to(ROOT))
)
def test_models_know_no_view(path):
    views = {"ipywidgets", "plotly", "anywidget", "IPython"}
    assert {name.split(".")[0] for name in imported_by(path)} & views == set()


def test_a_public_name_is_never_the_room_of_that_name():
    """`findings` is a room and a function: whoever imports it wants the function."""
    rooms = {name for name in pmtech.__all__ if isinstance(getattr(pmtech, name), ModuleType)}
    assert rooms == {"theory"}


@pytest.mark.parametrize(
    "package", sorted((ROOT / "pmtech" / "install").rglob("package.json")), ids=lambda p: p.parent.name
)
def test_no_page_file_lies_where_a_browser_keeps_it_for_a_year(package):
    """JupyterLab says so of every folder `static`: a newer edition of the course would be shown with the page of the older."""
    loaded = json.loads(package.read_text(encoding="utf-8"))["jupyterlab"]["_build"]["load"]
    assert (package.parent / loaded).is_file()
    assert "static" not in [
        part for path in package.parent.rglob("*") for part in path.relative_to(package.parent).parts
    ]
