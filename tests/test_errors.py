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

    run.shell, run.said = shell, said
    return run


@pytest.mark.parametrize(
    ("cell", "kind", "sentence"),
    [
        ("from pmtech import Server; Server(workers=0)", "ValueError", "workers must be at least 1, got 0."),
        ("from pmtech import Server; Server(worker=2)", "TypeError", 'Server has no "worker": did you mean workers?'),
        (
            "from pmtech import *; check('02.your_turn', Clients('Visitors', endpoints='/responses') >> Server(workers=2) >> Database())",
            "ValueError",
            'check("02.your_turn", table) needs the table you filled in, got a System.',
        ),
        ("servr", "NameError", '"servr" is not known here: did you mean Server? If not, an earlier cell has not run'),
        ("server", "NameError", '"server" is not known here. Either an earlier cell has not run yet'),
        ("survey_tool = 1; surveytol", "NameError", '"surveytol" is not known here: did you mean survey_tool?'),
        ("server = 1; Sever", "NameError", '"Sever" is not known here: did you mean Server?'),
        ("Server = 1; sever", "NameError", '"sever" is not known here: did you mean Server?'),
        ("zzz", "NameError", '"zzz" is not known here. Either an earlier cell has not run yet'),
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
            "from pmtech import Slider; Slider('a', 1, 30,000, step=1)",
            "TypeError",
            "Slider has a value too many in its brackets, or",
        ),
        (
            "from pmtech import *; explore(Clients() >> Server(), Slider('server.workers', 1, 10**400))",
            "OverflowError",
            "Line 1 went wrong: a number is too large to work with. Undo",
        ),
        (
            "from pmtech import Clients, Server; (Clients() >> Server()).get('no such')",
            "ValueError",
            '"no such" is not a path such as "server.workers": there is clients, server.',
        ),
        (
            "from pmtech import *; Choice('a', 10**400)",
            "ValueError",
            'options of the choice for "a" must be a list of values, got a huge number.',
        ),
        ("from pmtech import Server; Server(WORKERS=1)", "TypeError", 'Server has no "WORKERS": did you mean workers?'),
        (
            "from pmtech import Server; Server(1, 25)",
            "TypeError",
            "Server has a value too many in its brackets, or one",
        ),
        (
            "from pmtech import Clients, Server; Clients() > Server()",
            "TypeError",
            "Parts are joined by two signs, >>, and",
        ),
        (
            "from pmtech import Clients, Server; [Clients()] > Server() >> Server()",
            "TypeError",
            "Parts are joined by two",
        ),
        ("from pmtech import *; Clients() | Server()", "TypeError", "Parts are joined by two signs, >>, and by no"),
        ("from pmtech import *; Clients() >> Server() << Server()", "TypeError", "Parts are joined by two signs, >>"),
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
    ("cell", "sentence"),
    [
        ("1 / 0", "Line 1 went wrong: division by zero. Undo with Ctrl + Z"),
        ("x = 1\ny = int('three')", "Line 2 went wrong: invalid literal for int() with base 10: 'three'. Undo"),
        ("[].push", "Line 1 went wrong: 'list' object has no attribute 'push'. Undo"),
        ("[] > 1", "Line 1 went wrong: '>' not supported between instances of 'list' and 'int'. Undo"),
        ("{}['p95']", "Line 1 went wrong: KeyError 'p95'. Undo"),
        ("import json\njson.loads('{')", "Line 2 went wrong: Expecting property name enclosed in double quotes"),
        ("from pmtech import simulat", 'pmtech has no "simulat": did you mean simulate?'),
        ("def f():\n    return 1 / 0\n\nf()", "Line 2 went wrong: division by zero."),
        ("simulate", '"simulate" is not here yet: the first cell of this page has not run. To run it, choose Run'),
        ("raise StopIteration", "Line 1 went wrong: StopIteration. Undo"),
        ("x == 1", '"x" is not known here: a value is given with one =; two, ==, ask whether'),
        ("dict(size=1, old==2)", "Line 1 is not complete or not in order (a value is given with one =; two, ==, ask"),
        ("{'old'=2}", "Line 1 is not complete or not in order (in braces a colon stands before a value, else"),
        ("x = 'old", "Line 1 is not complete or not in order (a quote is not closed). Undo"),
        ("x = 20ms", "Line 1 is not complete or not in order (a number holds a letter, or words lack their quotes)"),
        ("dict(size=1 old=2)", "Line 1 is not complete or not in order (perhaps a comma is missing). Undo"),
    ],
)
def test_whatever_goes_wrong_in_a_cell_is_said_in_a_sentence_with_its_line(shown, cell, sentence):
    _, text = shown(cell)
    assert text.startswith(sentence)
    assert "Traceback" not in text and "\n" not in text


def test_a_fault_of_the_course_itself_keeps_its_traceback(shown, monkeypatch):
    monkeypatch.delattr("pmtech.runs.simulate.run_sorted")
    _, text = shown("import pmtech\npmtech.simulate(pmtech.Clients() >> pmtech.Server())")
    assert "Traceback" in text and "run_sorted" in text


def test_an_error_that_cannot_even_be_looked_at_keeps_its_traceback(shown):
    _, text = shown("class Odd(Exception):\n    def __str__(self):\n        return 1 / 0\nraise Odd")
    assert "Traceback" in text and "Odd" in text


@pytest.mark.parametrize(("cell", "python_says"), [("1 / 0", "ZeroDivisionError"), ("x = (1 2)", "invalid syntax")])
def test_the_whole_way_there_can_be_asked_for(shown, cell, python_says):
    assert python_says not in shown(cell)[1]
    shown.shell.run_cell("%tb")
    assert python_says in shown.said[-1][1]
