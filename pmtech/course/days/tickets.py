"""Railway tickets at ten: programs among the travellers, and one table of seats."""

from pmtech.components import Clients, Database, Gateway, Server
from pmtech.course.days import Plan, crowd
from pmtech.system.system import System


def today() -> System:
    travellers = crowd("Travellers", 8, endpoints={"/look": 7, "/book": 3}, keys=60, popularity=1.2)
    programs = crowd("Programs", 10, endpoints={"/book": 1})
    counters = Clients("Village counters", rate_per_s=1, endpoints={"/book": 1})
    pages = Server("Pages", workers=8, service_ms=500, service_cv=0.5)
    booking = Server("Booking", workers=8, service_ms=400, service_cv=0.5)
    seats = Database("Seats", connections=2, query_ms=125, query_cv=0.5)
    return [travellers, programs, counters] >> Gateway() >> {"/look": pages, "/book": booking >> seats}


PLAN = Plan(
    label="Railway tickets at ten",
    story="At ten the sale opens, and everybody comes in the same minute. India's railway sold 31,814 tickets in one minute on "
    "22 May 2025, and up to half of the logins of the first five minutes were programs (official figures, Ministry of "
    "Railways). The table of seats takes two bookings at a time, however many servers ask.",
    today=today,
    own=("pages", "booking"),
    people=("travellers", "village_counters"),
    matters=("/book", "seats", 20.0, 0.85),
    answers={"/look": ("pages", 1200.0, 0.92), "/book": ("booking", 1500.0, 0.9)},
    small=("village_counters", 0.95),
    budget=0.62,
    forecast=(0.9, 1.2),
    may=("zone", "forecast", "bots", "deploy"),
    bots="programs",
)
