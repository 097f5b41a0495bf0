"""A national sale: prices that all look at, and payments behind which a bank stands."""

from pmtech.components import Clients, Database, Gateway, Server
from pmtech.course.days import Plan, crowd
from pmtech.system.system import System


def today() -> System:
    shoppers = crowd("Shoppers", 12, endpoints={"/price": 7, "/pay": 1, "/ideas": 2}, keys=150, popularity=1.1)
    artisans = Clients("Small shops", rate_per_s=0.6, endpoints={"/pay": 1})
    shop = Server("Shop", workers=8, service_ms=150, service_cv=0.5)
    prices = Database("Prices", connections=2, query_ms=120, query_cv=0.5)
    bank = Server("Bank", workers=3, service_ms=650, service_cv=0.5, price_usd_per_hour=0)
    ideas = Server("Ideas of a partner", workers=20, service_ms=150, service_cv=0.5, price_usd_per_hour=0)
    inside = Gateway("Inside") >> {"/price": prices, "/pay": bank, "/ideas": ideas}
    return [shoppers, artisans] >> shop >> inside


PLAN = Plan(
    label="A national sale",
    story="At eight the prices fall, and everybody looks before they buy. Every page asks the database of prices; the bank takes "
    "three payments at a time and no more; and a partner's program adds ideas of what else to buy: something simpler in "
    "their place will do, an error will not. "
    "(An invented shop.)",
    today=today,
    own=("shop",),
    people=("shoppers", "small_shops"),
    matters=("/pay", "bank", 20.0, 0.9),
    answers={"/price": ("prices", 1000.0, 0.95), "/pay": ("shop", 1500.0, 0.95), "/ideas": ("shop", 1000.0, 0.85)},
    small=("small_shops", 0.95),
    budget=0.62,
    forecast=(0.9, 1.2),
    may=("zone", "partner", "forecast", "deploy"),
    sure=("partner",),
    partner="ideas_of_a_partner",
)
