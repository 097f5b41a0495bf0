"""Food orders on New Year's Eve: kitchens cook so many at a time."""

from pmtech.components import Clients, Database, Gateway, Server
from pmtech.course.days import Plan, crowd
from pmtech.system.system import System


def today() -> System:
    guests = crowd("Guests", 12, endpoints={"/menu": 7, "/order": 3}, keys=120, popularity=1.1)
    homes = Clients("Care homes", rate_per_s=0.4, endpoints={"/order": 1})
    app = Server("App", workers=8, service_ms=150, service_cv=0.5)
    menus = Database("Menus", connections=2, query_ms=120, query_cv=0.5)
    kitchens = Server("Kitchens", workers=12, service_ms=1500, service_cv=0.3, price_usd_per_hour=0)
    return [guests, homes] >> app >> Gateway("Inside") >> {"/menu": menus, "/order": kitchens}


PLAN = Plan(
    label="Food on New Year's Eve",
    story="At seven all are hungry. The kitchens cook 12 dishes at a time, a second and a half each in this small picture of a city, and no "
    "server lifts that. An order that comes after eight seconds is cold. (An invented service.)",
    today=today,
    own=("app",),
    people=("guests", "care_homes"),
    matters=("/order", "kitchens", 8.0, 0.4),
    answers={"/menu": ("menus", 1000.0, 0.9)},
    small=("care_homes", 0.8),
    budget=0.6,
    forecast=(0.9, 1.3),
    may=("zone", "partner", "forecast", "deploy"),
    partner="kitchens",
    slows=1.5,
)
