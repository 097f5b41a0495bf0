"""The systems that stand beside the table of a meeting, by name. All numbers are invented."""

from pmtech.components import Clients, Database, Gather, LoadBalancer, Server
from pmtech.system.system import System


def stories() -> System:
    """The feed that is there, and the new stories: two backends behind one page, one database below both."""
    database = Database(connections=12, query_ms=25)
    feed = Server("Feed", workers=20, service_ms=30) >> database
    new = Server("Stories", workers=20, service_ms=30) >> database
    page = Server("Page", workers=200, service_ms=5)
    return Clients("Readers", rate_per_s=80, timeout_ms=2000) >> page >> Gather() >> [feed, new]


def peak() -> System:
    """The shop on the evening of the sale: buyers, the export of a partner, four servers and one database."""
    buyers = Clients("Buyers", rate_per_s=90, timeout_ms=2000, retries=2)
    partner = Clients("Partner", rate_per_s=70, timeout_ms=2000, retries=2)
    shop = Server("Shop", replicas=4, workers=10, service_ms=30)
    return [buyers, partner] >> LoadBalancer() >> shop >> Database(connections=8, query_ms=60)


def launch() -> System:
    """The survey tool as the launch will find it: a query without an index takes 40 ms."""
    visitors = Clients("Visitors", rate_per_s=100, timeout_ms=2000)
    dashboards = Clients("Dashboards", rate_per_s=20, timeout_ms=10_000)
    tool = Server("Tool", replicas=4, workers=10, service_ms=60)
    return [visitors, dashboards] >> LoadBalancer() >> tool >> Database(connections=8, query_ms=40)


SYSTEMS = {"stories": stories, "peak": peak, "launch": launch}
