"""A learner's slip shows one sentence; what is no slip keeps its traceback."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

from pmtech.panels import errors


@pytest.fixture
def shown(monkeypatch):
    shell, said = InteractiveShell(), []
    monkeypatch.setattr(errors, "get_ipython", lambda: shell)
    monkeypatch.setattr(
        shell, "_showtraceback", lambda kind, error, lines: said.append((kind.__name__, "".join(lines)))
    )
    errors.install()

    def run(cell):
        said.clear()
        result = shell.run_cell(cell)
        assert not result.success
        return said[0]

    return run


@pytest.mark.parametrize(
    ("cell", "kind", "sentence"),
    [
        ("from pmtech import Server; Server(workers=0)", "ValueError", "workers must be at least 1, got 0."),
        ("from pmtech import Server; Server(worker=2)", "TypeError", 'Server has no "worker": did you mean workers?'),
        ("servr", "NameError", '"servr" is not known here. Either an earlier cell has not run yet'),
        (
            "from pmtech import Server; Server().replce()",
            "AttributeError",
            'Server has no "replce": did you mean replicas?',
        ),
        (
            "from pmtech import simulate; simulate(1, duration=5)",
            "TypeError",
            'simulate has no "duration": did you mean duration_s?',
        ),
        ("from pmtech import ask; ask()", "TypeError", 'ask needs "question_id" in its brackets.'),
        ("from pmtech import Slider; Slider('a')", "TypeError", 'Slider needs "low" and "high" in its brackets.'),
        ("from pmtech import Slider; Slider('a', 1, 2, stp=1)", "TypeError", 'Slider has no "stp": did you mean step?'),
        (
            "from pmtech import simulate; simulate(1, 32)",
            "TypeError",
            "simulate has a value too many in its brackets, or",
        ),
        (
            "from pmtech import Server; Server(1, 25)",
            "TypeError",
            "Server has a value too many in its brackets, or one",
        ),
        (
            "from pmtech import Clients, Server; Clients() > Server()",
            "TypeError",
            "Parts are joined by two signs, >>, not",
        ),
        (
            "from pmtech import Clients, Server; [Clients()] > Server() >> Server()",
            "TypeError",
            "Parts are joined by two",
        ),
        (
            "from pmtech import Server; Server().workers = 60",
            "FrozenInstanceError",
            "A part stays as it was made: change the number in the cell",
        ),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", "Stopped. Run the cell again"),
        ("from pmtech import Database; Database().replace()", "AttributeError", 'Database has no "replace". Undo with'),
        (
            "x = (1,\n",
            "SyntaxError",
            "Line 1 is not complete or not in order (a bracket or a quote is not closed). Undo",
        ),
        ("x = {1: }", "SyntaxError", "Line 1 is not complete or not in order"),
        (
            "dict(size=1,000, old=2)",
            "SyntaxError",
            "Line 1 is not complete or not in order (a name and = are missing, or",
        ),
    ],
)
def test_a_slip_is_a_sentence(shown, cell, kind, sentence):
    found, text = shown(cell)
    assert found == kind
    assert text.startswith(sentence)
    assert "Traceback" not in text and "\n" not in text


@pytest.mark.parametrize(
    "cell", ["1 / 0", "int('three')", "[].push", "[] > 1", "dict(1, 2, 3)", "import json; json.loads('{')"]
)
def test_what_the_course_did_not_refuse_keeps_its_traceback(shown, cell):
    _, text = shown(cell)
    assert "Traceback" in text
