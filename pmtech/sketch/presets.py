"""Where a sketch may start from: systems that people recognise. All numbers are invented; each says what it shows."""

from collections.abc import Callable
from typing import NamedTuple

from pmtech.components import (
    CDN,
    Cache,
    CircuitBreaker,
    Clients,
    Database,
    Gateway,
    Gather,
    LoadBalancer,
    Network,
    ObjectStore,
    Queue,
    RateLimiter,
    Retry,
    Server,
    Throttle,
    Topic,
    Users,
)
from pmtech.system.system import System


class Preset(NamedTuple):
    """A system to start from: its name, what it shows, and how it is made."""

    label: str
    shows: str
    make: Callable[[], System]


def _shop() -> System:
    database = Database(connections=4, query_ms=60)
    pages = Cache(capacity=400, ttl_s=60) >> Server("Catalogue", workers=12, service_ms=40) >> database
    checkout = Server("Checkout", workers=8, service_ms=80) >> database
    return (
        Clients("Shoppers", rate_per_s=60, endpoints={"/": 8, "/checkout": 2}, keys=2000)
        >> Gateway()
        >> {
            "/": pages,
            "/checkout": checkout,
        }
    )


def _tickets() -> System:
    people = Clients("Travellers", rate_per_s=50)
    bots = Clients("Programs", rate_per_s=150)
    front = RateLimiter(limit=60, by="client") >> LoadBalancer() >> [Server("Booking", workers=8, service_ms=70)] * 2
    return [people, bots] >> front >> Database("Seats", connections=12, query_ms=60)


def _chat() -> System:
    keep = Server("Store", workers=8, service_ms=20) >> Database(connections=16, query_ms=10)
    push = Server("Push", workers=20, service_ms=60)
    return Users(count=200, think_s=3) >> Server("Chat", workers=16, service_ms=15) >> Topic() >> [keep, push]


def _payments() -> System:
    safe = (
        CircuitBreaker(window=50, open_s=5)
        >> Retry(attempts=2, timeout_ms=1000)
        >> Network("To the bank", round_trip_ms=80)
    )
    bank = Server("Bank", workers=30, service_ms=300, service_cv=0.5)
    return Clients("Buyers", rate_per_s=25) >> Server("Payments", workers=24, service_ms=30) >> safe >> bank


def _video() -> System:
    viewers = [
        Clients("Mumbai", place="Mumbai", rate_per_s=80, keys=300, kb={"/": 800}),
        Clients("London", place="London", rate_per_s=40, keys=300, kb={"/": 800}),
    ]
    return (
        viewers >> CDN(edges=("Mumbai", "London"), capacity=200, ttl_s=30) >> ObjectStore("Videos", place="Frankfurt")
    )


def _food() -> System:
    kitchen = Server("Kitchens", workers=30, service_ms=1200, service_cv=0.3)
    return (
        Clients("Hungry people", rate_per_s=20, timeout_ms=8000)
        >> Server("Orders", workers=40, service_ms=60, queue_limit=200)
        >> kitchen
    )


def _import() -> System:
    return (
        Clients("Uploads", rate_per_s=12)
        >> Server("Upload", workers=8, service_ms=40)
        >> Queue(visibility_s=30, max_receives=3)
        >> Server("Importer", workers=6, service_ms=600, service_cv=0.8)
        >> Database(connections=10, query_ms=40)
    )


def _survey() -> System:
    asked = {"/submit": 1, "/dashboard": 4}
    companies = [Clients(f"Company {name}", rate_per_s=rate, endpoints=asked) for name, rate in (("A", 10), ("B", 30))]
    loud = Clients("Company C", rate_per_s=150, endpoints=asked)
    return [*companies, loud] >> Throttle(rate_per_s=80, priority=("/submit",)) >> Server(workers=10, service_ms=100)


def _internal() -> System:
    return (
        Users("Staff", count=60, think_s=8)
        >> Server("Back office", workers=4, service_ms=150)
        >> Database(connections=4, query_ms=120)
    )


def _news() -> System:
    readers = Clients("Readers", rate_per_s=150, keys=500, popularity=1.1)
    return readers >> Cache(capacity=200, ttl_s=10, coalesce=True) >> Server(workers=8, service_ms=90) >> Database()


def _page_of_parts() -> System:
    services = [Server(name, workers=12, service_ms=40) for name in ("Profile", "Prices", "Reviews", "Stock")]
    return Clients("Visitors", rate_per_s=60) >> Server("Page", workers=24, service_ms=10) >> Gather() >> services


def _partners() -> System:
    partners = [Clients("Large partner", rate_per_s=160), Clients("Small partner", rate_per_s=6)]
    machines = LoadBalancer(policy="least_connections", health_check_s=2) >> Server(
        workers=6, service_ms=80, replicas=2
    )
    return partners >> RateLimiter(limit=60, algorithm="token_bucket") >> machines >> Database(query_ms=10)


PRESETS = {
    "shop": Preset("Shop", "What is only looked at comes from a cache, so that buying is not slowed down.", _shop),
    "tickets": Preset("Ticket sale", "Programs and people want the same seats at the same moment.", _tickets),
    "chat": Preset("Chat", "One message, and several who must hear of it.", _chat),
    "payments": Preset(
        "Payments", "A partner of whom everything hangs: timeouts, attempts, and when to stop.", _payments
    ),
    "video": Preset("Video", "Copies near those who watch, and one place where the files lie.", _video),
    "food": Preset("Food orders", "A limit that no server lifts: the kitchens.", _food),
    "import": Preset("Data import", "Answered now, done later: a queue between unequal stages.", _import),
    "survey": Preset("Survey tool", "One customer who sends more than all others together.", _survey),
    "internal": Preset("Internal tool", "Few people, and a slow database.", _internal),
    "news": Preset("News page", "Everybody reads the same few pages.", _news),
    "page": Preset("A page of many parts", "As slow as the slowest of those that it asks.", _page_of_parts),
    "partners": Preset("API for partners", "A limit for each, and machines that are looked after.", _partners),
}
