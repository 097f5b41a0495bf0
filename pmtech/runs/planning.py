"""At ten times the load: which part is full first, what lifting it costs, what is next, and what waiting costs."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, inf

from pmtech import theory
from pmtech.kinds import explained
from pmtech.runs.prices import HOURS_A_MONTH
from pmtech.runs.table import Table
from pmtech.system.flow import flows
from pmtech.system.system import System, check_complete
from pmtech.theory.checks import growth_range, number
from pmtech.wording import percents, plain, rate

SMALL = 0.01  # of the load, at which nothing is full and each part's share can be told


@explained
@dataclass(frozen=True, repr=False, eq=False)
class Plan:
    """Made by `plan`. loads: part -> its share of what it can do, the fullest first. debts: name -> the loads without it.

    It shows itself; `parts` and `roadmap` are its tables.
    """

    system: System
    times: float
    free: float
    growth: tuple[float, float]
    loads: dict[str, float]
    debts: dict[str, dict[str, float]]

    def needs(self, loads: Mapping[str, float]) -> dict[str, float]:
        """Part -> how many times as much of it is needed, with the free share kept."""
        return {part: max(1.0, load * self.times / (1 - self.free)) for part, load in loads.items()}

    def usd_per_hour(self, loads: Mapping[str, float]) -> float:
        """What all of it costs then, as if each part could be bought by the slice."""
        part = self.system.components
        more = sum((times - 1) * _price(part[name]) for name, times in self.needs(loads).items())
        return self.system.cost_usd_per_hour + more

    @property
    def parts(self) -> Table:
        """A row a part, in the order in which they fill up."""
        rows = {}
        for name, times in self.needs(self.loads).items():
            load, usd = self.loads[name], _price(self.system.components[name])
            row = {"load": load, "full_at": 1 / load if load else inf, "needs": times, "now": usd, "then": usd * times}
            rows[self.system.label(name)] = row
        words = {
            "load": ("used today", "%"), "full_at": ("full at so many times today's load", ""), "now": ("an hour today", "$"),
            "needs": (f"times as much of it at {plain(self.times)} times", ""), "then": ("an hour then", "$"),
        }  # fmt: skip
        return Table.of(rows, words, f"With {100 * self.free:g} % kept free, and each part's price in proportion.")

    @property
    def roadmap(self) -> Table:
        """A row a debt, of the part that it weighs on most: headroom, what each month of waiting takes of it, and the end."""
        rows = {}
        for name, loads in self.debts.items():
            part = max(self.loads, key=lambda part: self.loads[part] - loads[part])
            with_it, without = self.loads[part], loads[part]
            rows[f"{name} (“{self.system.label(part)}”)"] = {
                "headroom": max(0.0, 1 - with_it),
                "repaired": max(0.0, 1 - without),
                "lost": _points(with_it, self.growth),
                "less": _points(without, self.growth),
                "full": f"{_months(with_it, self.growth)}; repaired {_months(without, self.growth)}",
                "saved": (self.usd_per_hour(self.loads) - self.usd_per_hour(loads)) * HOURS_A_MONTH,
            }
        return Table.of(
            rows,
            {
                "headroom": ("headroom today", "%"),
                "repaired": ("repaired", "%"),
                "lost": ("a month of waiting costs", ""),
                "less": ("repaired it would", ""),
                "full": ("full in month", ""),
                "saved": (f"saved a month at {plain(self.times)} times", "$"),
            },
            f"If the load grows by {percents(self.growth)} every month.",
        )

    @property
    def said(self) -> str:
        """In sentences."""
        names = [*map(self.system.label, self.loads)]
        reached = [f"{1 / load:.3g}" for load in self.loads.values() if load]
        now, then = self.system.cost_usd_per_hour, self.usd_per_hour(self.loads)
        full = f"“{names[0]}” is full first, at {reached[0]} times today's load" if reached else "Nothing fills up"
        after = f"; lifted, it is followed by “{names[1]}” at {reached[1]} times" if len(reached) > 1 else ""
        cost = f" {plain(self.times)} times the load costs {rate(then / now)} times the money" if now else ""
        return f"{full}{after}.{cost and f'{cost}: ${then:.2f} an hour in place of ${now:.2f}.'}"

    @property
    def requirements(self) -> dict[str, tuple[str, str]]:
        """For a sheet of requirements: the price, and where it comes from."""
        now, then = self.system.cost_usd_per_hour, self.usd_per_hour(self.loads)
        price = f"${now:.2f} an hour today, ${then:.2f} at {plain(self.times)} times the load"
        return {"price": (price, "the model, with the prices put into it")}

    def __repr__(self) -> str:
        return f"{self.parts.to_string()}\n{self.roadmap.to_string() if self.debts else ''}\n{self.said}"

    def _repr_html_(self) -> str:
        debts = self.roadmap._repr_html_() if self.debts else ""
        return f'{self.parts._repr_html_()}<p class="mathjax_ignore">{html.escape(self.said)}</p>{debts}'


def plan(
    system: System,
    *,
    times: float = 10,
    free: float = 0.3,
    growth: tuple[float, float] = (0.02, 0.15),
    debts: Mapping[str, Mapping] | None = None,
) -> Plan:
    """Which part is full first at so many `times` the load, what lifting it costs, and which one is next.

    By mean rates: give it the rate of the peak, not that of the day. free: the share of each part that is kept free.
    debts: technical debt, {name: what would be otherwise without it}, such as {"No index": {"database.query_ms": 10}}.
    growth: at least and at most so much more every month, as shares.
    What this leaves out: chance, limits that turn some away, prices that do not grow in proportion, work that grows with the
    data. Raises ValueError with a sentence.
    """
    system = check_complete(system)
    number("times", times, at_least=1, at_most=10_000)
    number("free", free, at_least=0, below=1)
    if not isinstance(debts, Mapping | None) or not all(isinstance(paths, Mapping) for paths in (debts or {}).values()):
        raise ValueError(f'debts must be such as {{"No index": {{"database.query_ms": 10}}}}, got {debts!r}')
    without = {str(name): _loads(system.replace(dict(paths))) for name, paths in (debts or {}).items()}
    return Plan(system, times, free, growth_range(growth), _loads(system), without)


def _loads(system: System) -> dict[str, float]:
    """Part -> the share of what it can do that is asked of it, the fullest first."""
    scale = 1.0
    if not any(source.waits for source in system.sources.values()):  # a full part would hide what lies behind it
        scale, paths = SMALL, [f"{name}.{source.load_field}" for name, source in system.sources.items()]
        system = system.replace({path: system.get(path) * SMALL for path in paths})
    # A throttle does no work, and fills all the same; a queue does as much as those behind it, who are in the list themselves.
    found = {}
    for name, flow in flows(system)[0].items():
        part = system.components[name]
        limit = flow.capacity or (part.capacity_per_s if part.makes_wait else inf)
        if limit < inf and not part.pulls:
            found[name] = flow.arrives / limit / scale
    if not found:
        raise ValueError("a plan needs a Server or a Database: nothing in this system can be full")
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def _price(part) -> float:
    return part.price_usd_per_hour * part.replicas


def _points(load: float, growth: tuple[float, float]) -> str:
    """The headroom that a month of growth takes, in points of per cent."""
    return " to ".join(f"{100 * load * share:.1f}" for share in growth) + " points"


def _months(load: float, growth: tuple[float, float]) -> str:
    """When the load has grown to all there is, at the earliest and at the latest."""
    late, early = (theory.months_until_full(load, share) for share in growth)
    if early == 0 or early > 120:
        return "not within ten years" if early else "full today"
    return f"{ceil(early)} to {ceil(late) if late <= 120 else 'more than 120'}"
