"""What machines cost: the price list of one family of rented machines, and what a design costs by it."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from pmtech.kinds import Known
from pmtech.runs.comparison import by_label
from pmtech.runs.table import Table

HOURS_A_MONTH = 730  # 365 days of 24 hours, in twelve parts


@cache
def _price_list() -> dict:
    return tomllib.loads((Path(__file__).parent / "prices.toml").read_text(encoding="utf-8"))


def sizes() -> pd.DataFrame:
    """The sizes that can be rented, smallest first: workers (one for each vCPU), memory_gib, usd_per_hour.

    Vendor, place, terms and date stand under the table, the source of the list in `pmtech/runs/prices.toml`.
    What this leaves out: other families and vendors, discounts for a commitment, storage, traffic.
    """
    listed = _price_list()
    frame = pd.DataFrame(listed["size"]).rename(columns={"vcpus": "workers"})
    table = Table(frame.set_index("name").rename_axis("size"))
    table.note = (
        f"{listed['vendor']}, {listed['region']}, {listed['terms']}; seen in {listed['seen']}. A worker is one vCPU, a "
        f"processor core for rent. The largest machine has {table.workers.max()} workers; above it this list ends."
    )
    return table


def machine(size: str, part: str | None = None) -> dict[str, Any]:
    """A size of the price list as values of a server: `Server(**machine("c7g.2xlarge"))`.

    With the name of a part, as paths: `system.replace(machine("c7g.2xlarge", "server"))`.
    Raises ValueError with the nearest sizes when the list has no such machine.
    """
    entry = Known("machine", ((entry["name"], entry) for entry in _price_list()["size"]))[size]
    values = {"workers": entry["vcpus"], "price_usd_per_hour": entry["usd_per_hour"]}
    return values if part is None else {f"{part}.{field}": value for field, value in values.items()}


def costs(runs) -> pd.DataFrame:
    """What each design costs: an hour, a month (730 hours) and for a million requests served.

    can_serve_per_s: about so many would keep its busiest part at work all the time, from how busy it was in the run, to
    two digits.

    runs: what `compare` gave, or {label: result}, or one result. Nothing was served: no price for a million (NaN).
    What this leaves out: the load balancer's own price, storage, traffic, and the people who look after it all.
    """
    rows = {}
    for label, result in by_label("costs", runs).items():
        price, served = result.summary.cost_usd_per_hour, result.summary.served_per_s
        busy = result.components.utilisation.max()
        rows[label] = {
            "usd_per_hour": round(price, 4),
            "usd_per_month": price * HOURS_A_MONTH,
            "served_per_s": served,
            "can_serve_per_s": float(f"{served / busy:.2g}") if served and busy else float("nan"),
            "usd_per_million": price / (served * 3600) * 1e6 if served else float("nan"),
        }
    return Table.of(rows, note="All machines, rented by the hour, busy or not; the requests of this run.")
