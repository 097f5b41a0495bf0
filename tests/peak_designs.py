"""One design for each peak day that keeps it, made of the ideas of the lessons; and each of these ideas left out."""

from dataclasses import replace

from pmtech import (
    CDN,
    Autoscale,
    Cache,
    CircuitBreaker,
    Gateway,
    LoadBalancer,
    Queue,
    RateLimiter,
    Retry,
    peak_day,
)


def pool(part, low, high=None, workers=4, *, ahead=True, many=True):
    """Machines behind a balancer that looks after them, there before the peak is; or without one of these ideas."""
    if not many:
        return replace(part, workers=low * workers if high is None else high * workers)
    rule = Autoscale(target=0.9, least=low, most=high or low, every_s=5, starts_s=15)
    rule = replace(rule, schedule=((8, high), (62, low))) if ahead and high else rule
    balancer = LoadBalancer(f"{part.label} pool", policy="least_connections", health_check_s=0.2, retries=1)
    return balancer >> replace(part, workers=workers, replicas=low, autoscale=rule if high else None)


def chain(*parts):
    """Those that are there, one after the other."""
    first, *rest = [part for part in parts if part is not None]
    for part in rest:
        first = first >> part
    return first


def unless(idea, missing, part):
    return None if idea in missing else part


def guarded(partner, missing):
    """Before a partner who may be slow: patience, and something simpler in its place."""
    if "12" in missing:
        return partner
    return CircuitBreaker(window=10, open_s=8, trials=3, fallback=True) >> Retry(attempts=1, timeout_ms=900) >> partner


def tickets(*missing):
    parts = peak_day("tickets").today.components
    how = {"ahead": "09" not in missing, "many": "05" not in missing}
    limit = unless("04", missing, RateLimiter(limit=10, algorithm="token_bucket", burst=15))
    booking = chain(limit, pool(parts["booking"], 1, 3, **how), unless("07", missing, Queue()), parts["seats"])
    edge = unless("08", missing, CDN(edges=("Mumbai",)))
    pages = chain(edge, pool(parts["pages"], 2, workers=2, many=how["many"]))
    who = [parts["travellers"], parts["programs"], parts["village_counters"]]
    return who >> Gateway() >> {"/look": pages, "/book": booking}


def sale(*missing):
    parts = peak_day("sale").today.components
    inside = Gateway("Inside") >> {
        "/price": chain(unless("03", missing, Cache(capacity=150)), parts["prices"]),
        "/pay": chain(unless("07", missing, Queue()), parts["bank"]),
        "/ideas": guarded(parts["ideas_of_a_partner"], missing),
    }
    shop = pool(parts["shop"], 1, 5, ahead="09" not in missing, many="05" not in missing)
    return [parts["shoppers"], parts["small_shops"]] >> shop >> inside


def match(*missing):
    parts = peak_day("match").today.components
    edge = unless("08", missing, CDN(edges=("Mumbai", "London"), shield="Frankfurt"))
    how = {"ahead": "09" not in missing, "many": "05" not in missing}
    who = [parts["viewers_in_mumbai"], parts["viewers_in_london"], parts["village_clubs"]]
    door = pool(parts["door"], 1, 3, workers=2, **how) >> guarded(parts["rights"], missing)
    return (
        who
        >> Gateway()
        >> {"/piece": chain(edge, pool(parts["pieces"], 2, workers=2, many=how["many"])), "/start": door}
    )


def food(*missing):
    parts = peak_day("food").today.components
    limit = unless("04", missing, RateLimiter(limit=5, algorithm="token_bucket"))
    inside = Gateway("Inside") >> {
        "/menu": chain(unless("03", missing, Cache(capacity=120)), parts["menus"]),
        "/order": chain(limit, unless("07", missing, Queue()), parts["kitchens"]),
    }
    app = pool(parts["app"], 1, 4, ahead="09" not in missing, many="05" not in missing)
    return [parts["guests"], parts["care_homes"]] >> app >> inside


DESIGNS = {"tickets": tickets, "sale": sale, "match": match, "food": food}
IDEAS = {"tickets": "04 05 07 08 09", "sale": "03 05 07 09 12", "match": "05 08 09 12", "food": "03 04 05 07 09"}
