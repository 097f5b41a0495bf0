"""A match streamed: the same pieces for everybody, and a check at the door."""

from pmtech.components import Clients, Gateway, Server
from pmtech.course.days import Plan, crowd
from pmtech.system.system import System


def today() -> System:
    ways = {"/piece": 8, "/start": 2}
    mumbai = crowd("Viewers in Mumbai", 8, place="Mumbai", endpoints=ways, keys=40, popularity=1.2)
    london = crowd("Viewers in London", 4, place="London", endpoints=ways, keys=40, popularity=1.2)
    clubs = Clients("Village clubs", rate_per_s=0.8, place="Mumbai", endpoints={"/start": 1})
    pieces = Server("Pieces", workers=8, service_ms=400, service_cv=0.5, place="Frankfurt")
    door = Server("Door", workers=8, service_ms=150, service_cv=0.5)
    rights = Server("Rights", workers=24, service_ms=300, service_cv=0.5, price_usd_per_hour=0)
    return [mumbai, london, clubs] >> Gateway() >> {"/piece": pieces, "/start": door >> rights}


PLAN = Plan(
    label="A match, streamed",
    story="The match starts, and everybody presses play. Hotstar had 25.3 million at once at the World Cup semi-final of July 2019 "
    "(the number is real; often it is told of the wrong event). A stream is pieces of some seconds, the same for "
    "all; who presses play passes the door, which asks a partner for the rights.",
    today=today,
    own=("pieces", "door"),
    people=("viewers_in_mumbai", "viewers_in_london", "village_clubs"),
    matters=("/start", "door", 5.0, 0.9),
    answers={"/piece": ("pieces", 1000.0, 0.95), "/start": ("door", 2000.0, 0.9)},
    small=("village_clubs", 0.92),
    budget=0.3,
    forecast=(0.9, 1.3),
    may=("zone", "partner", "forecast", "deploy"),
    sure=("zone", "partner"),
    later=False,
    partner="rights",
)
