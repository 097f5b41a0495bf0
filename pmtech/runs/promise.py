"""What a promise leaves: minutes, requests, alarms; and what slowness costs, as far as anybody has measured it."""

import html
from dataclasses import dataclass

from pmtech import theory
from pmtech.runs.table import Table
from pmtech.theory.checks import number
from pmtech.wording import percent, plain, rate, seconds

# (share of the budget, within hours, who hears of it), SRE Workbook (2018), table 5-8.
ALARMS = ((0.02, 1, "somebody is called"), (0.05, 6, "somebody is called"), (0.10, 72, "a ticket is written"))
MEASURED_MS = 100, 400  # by how much Google's experiment slowed its answers,
FEWER = 0.002, 0.006  # and how many fewer searches a user made: Brutlag, "Speed Matters" (2009)


@dataclass(frozen=True)
class Promise:
    """Made by `promise`. availability: the promised share of requests; p95_ms: 95 of 100 answers within this time."""

    availability: float
    days: float = 30
    p95_ms: float | None = None

    def __post_init__(self):
        _share("availability", self.availability)
        number("days", self.days, above=0, at_most=3660)
        if self.p95_ms is not None:
            number("p95_ms", self.p95_ms, above=0, at_most=3_600_000)

    @property
    def minutes(self) -> float:
        """How long all may be down in these days: the error budget."""
        return theory.allowed_minutes(self.availability, self.days)

    def requests(self, rate_per_s: float) -> float:
        """How many of the requests of these days may fail, at so many a second on average."""
        number("rate_per_s", rate_per_s, at_least=0, at_most=1e9)
        return (1 - self.availability) * rate_per_s * self.days * 86_400

    def burn_rate(self, error_share: float) -> float:
        """How many times as fast as the promise allows errors come: 1 empties the budget in exactly these days."""
        self._some()
        return theory.burn_rate(_share("error_share", error_share, zero=True), self.availability)

    def spent(self, error_share: float, hours: float) -> float:
        """The share of the budget that so many hours take in which this share of the requests fails."""
        return theory.budget_spent(self.burn_rate(error_share), hours, self.days)

    @property
    def burn_rates(self) -> Table:
        """When to wake somebody: the burn rates at which a share of the budget is gone after 1, 6 and 72 hours.

        Of 30 days: 14.4, 6 and 1. Source: SRE Workbook (2018), chapter 5.
        """
        self._some()
        rows = {}
        for share, hours, who in ALARMS:
            burn = share * self.days * 24 / hours
            failing = min(1.0, burn * (1 - self.availability))
            rows[f"{who} after {hours} h"] = {"burn": burn, "failing": failing, "hours": hours, "spent": share}
        words = {"burn": ("burn rate", "times"), "failing": ("so many requests fail", "%")}
        return Table.of(rows, words | {"hours": ("for", "h"), "spent": ("of the budget is gone", "%")})

    def slower(self, by_ms: float, sales_usd: float) -> Table:
        """What answers that are slower by so much cost, of so many dollars of sales, by the studies that are told.

        Only an experiment gives a number, as a range, and only within what it tried; from fewer searches to fewer sales is
        a step of faith. Raises ValueError for a delay that no experiment has tried.
        """
        sales, (low, high) = number("sales_usd", sales_usd, at_least=0, at_most=1e15), MEASURED_MS
        if not low <= number("by_ms", by_ms) <= high:
            raise ValueError(
                f"the experiment made answers {low} to {high} ms slower; {plain(by_ms)} ms nobody has tried"
            )
        between = f"${rate(FEWER[0] * sales)} to ${rate(FEWER[1] * sales)}"
        claims = {
            "Google (Brutlag 2009)": ("a controlled experiment", "0.2 to 0.6 % fewer searches at 100 to 400 ms", between),
            "Bing (Kohavi)": ("controlled experiments", "100 ms: 18 million dollars a year, at Bing", "no share was published"),
            "Amazon (Linden 2006)": ("folklore with an author", "100 ms: 1 % of sales", "no experiment was published"),
        }  # fmt: skip
        rows = {who: dict(zip(("label", "claim", "yours"), said, strict=True)) for who, said in claims.items()}
        words = {"label": ("how good", ""), "claim": ("what is said", ""), "yours": ("of your sales", "")}
        note = "The range holds if sales fall as searches did: that step nobody has measured. Bing says that its value changes."
        return Table.of(rows, words, note)

    @property
    def said(self) -> list[str]:
        """What it leaves, in sentences."""
        if self.availability == 1:
            return [f"A promise of 100 % leaves nothing: one failed request in {plain(self.days)} days breaks it."]
        hour = 60 / self.minutes
        takes = f"takes {percent(hour)} of them" if hour < 1 else f"is {rate(hour)} times as much"
        told = [
            f"{100 * self.availability:.10g} % of {plain(self.days)} days leaves {_long(self.minutes)}; an hour down {takes}."
        ]
        if self.p95_ms:
            told.append(
                f"95 of 100 answers come within {seconds(self.p95_ms / 1000)}: of each 100, 5 may take any time."
            )
        return told

    @property
    def requirements(self) -> dict[str, tuple[str, str]]:
        """For a sheet of requirements: what is promised, and where it comes from."""
        share = f"{100 * self.availability:.10g} % of {plain(self.days)} days: {_long(self.minutes)} may be lost"
        rows = {"availability": (share, "a promise; minutes by hand")}
        if self.p95_ms:
            rows["latency"] = f"95 of 100 within {seconds(self.p95_ms / 1000)}", "a promise"
        return rows

    def _some(self) -> None:
        if self.availability == 1:
            raise ValueError("a promise of 100 % leaves no budget, so nothing can be said of how fast it burns")

    def __repr__(self) -> str:
        return " ".join(self.said)

    def _repr_html_(self) -> str:
        alarms = self.burn_rates._repr_html_() if self.availability < 1 else ""
        return f"<p>{html.escape(' '.join(self.said))}</p>{alarms}"


def promise(availability: float, days: float = 30, *, p95_ms: float | None = None) -> Promise:
    """What a promise leaves: `promise(0.999).minutes` is 43.2.

    availability: the share of the requests (or of the time) that is promised, 99.9 % is 0.999. p95_ms: 95 of 100 answers
    within this time. What this leaves out: who measures, where, and what is paid when it is broken.
    Raises ValueError with a sentence.
    """
    return Promise(availability, days, p95_ms)


def _share(name: str, value: float, zero: bool = False) -> float:
    """A share of 1; who writes per cent is told so."""
    if 1 < number(name, value) <= 100:
        raise ValueError(f"{name} is a share of 1, got {value:g}: {value:g} % is {value / 100:.8g}")
    number(name, value, at_most=1, **({"at_least": 0} if zero else {"above": 0}))
    return value


def _long(minutes: float) -> str:
    """43.2 minutes, 3.6 hours."""
    if minutes < 1:
        return f"{60 * minutes:.3g} seconds"
    return f"{minutes:.3g} minutes" if minutes < 120 else f"{minutes / 60:.3g} hours"
