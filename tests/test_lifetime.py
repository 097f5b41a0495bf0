"""A kernel in which the same cells are run again and again holds no more than after the first time."""

import gc
import json

import pytest
from jupyter_client.manager import start_new_kernel

from pmtech import Clients, Outage, Server, simulate
from pmtech.engine.request import Request

SYSTEM = 'shop = Clients("Shoppers", rate_per_s=60) >> Server(workers=8, service_ms=100)'
CELLS = {
    "import": "from pmtech import Clients, Outage, Server, Slider, ask, compare, explore, live, simulate, waterfall",
    "system": SYSTEM,
    "result": "run = simulate(shop, events=[Outage('server', at_s=30, for_s=5)])\nrun",
    "waterfall": "waterfall(run)",
    "compare": "compare({'one': shop, 'two': shop.replace({'server.workers': 16})})",
    "explore": "explore(shop, Slider('server.workers', 1, 16))",
    "live": "panel = live(shop)\npanel.play()\npanel",
    "ask": "ask('00.try')",
}
HELD = """
import gc, json, ipywidgets
from pmtech.runs.result import Result
gc.collect()
kinds = {"results": Result, "widgets": ipywidgets.Widget}
held = {name: sum(isinstance(one, kind) for one in gc.get_objects()) for name, kind in kinds.items()}
print(json.dumps({**held, "open": len(ipywidgets.widgets.widget._instances)}))
"""


@pytest.fixture
def run():
    """Runs a cell in a kernel of its own, as JupyterLab asks for it, and returns what it printed."""
    manager, client = start_new_kernel(kernel_name="python3")

    def run(source, cell=None):
        content = {"code": source, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        asked = client.session.msg("execute_request", content, metadata={"cellId": cell} if cell else {})
        client.shell_channel.send(asked)
        printed = ""
        while True:
            answer = client.get_iopub_msg(timeout=120)
            if answer["parent_header"].get("msg_id") != asked["header"]["msg_id"]:
                continue
            assert answer["msg_type"] != "error", answer["content"]
            printed += answer["content"].get("text", "")
            if answer["content"].get("execution_state") == "idle":
                return printed

    yield run
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_a_cell_that_is_run_again_lets_go_of_what_it_showed(run):
    held = []
    for _ in range(4):
        for cell, source in CELLS.items():
            run(source, cell)
        run("panel.pause()")
        held.append(json.loads(run(HELD)))
    assert held[0]["open"] == 5  # a panel a cell that shows one
    assert {key: [one[key] for one in held[1:]] for key in ("open", "widgets")} == {"open": [5] * 3, "widgets": [5] * 3}
    assert [one["results"] for one in held] == [2] * 4  # that of the variable, and that of explore


def test_a_panel_outlives_other_cells_and_cells_without_a_name(run):
    run(f"{CELLS['import']}\n{SYSTEM}", "setup")
    run("first = explore(shop)\nfirst", "a")
    run("explore(shop)", "b")
    run("explore(shop)")
    run("explore(shop)")
    assert run("print(first.comm is not None)", "c").strip() == "True"
    run("second = first", "a")
    assert run("print(first.comm is not None)", "c").strip() == "False"


def test_a_result_keeps_columns_and_none_of_the_requests():
    shop = Clients("Shoppers", rate_per_s=300) >> Server(workers=8, service_ms=100)  # most are still inside at the end
    gc.collect()
    gc.disable()  # what is left now was left by the run itself
    try:
        before = _requests()
        result = simulate(shop, duration_s=10, events=[Outage("server", at_s=2, for_s=1)])
        left = _requests() - before
    finally:
        gc.enable()
    assert left == 0
    assert set(result.requests.endpoint) == {"/"} and set(result.requests.served_by) == {"server", None}
    assert result.requests.key.between(1, 1000).all()


def _requests() -> int:
    """How many there are now, those of other tests included."""
    return sum(isinstance(one, Request) for one in gc.get_objects())
