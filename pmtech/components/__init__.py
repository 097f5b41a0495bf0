"""The parts of a system, one concept a file, named as people say it in a meeting. A new part is one line here."""

from pmtech.components.autoscale import Autoscale as Autoscale
from pmtech.components.cache import Cache as Cache
from pmtech.components.cdn import CDN as CDN
from pmtech.components.circuit_breaker import CircuitBreaker as CircuitBreaker
from pmtech.components.clients import Clients as Clients
from pmtech.components.connection_pool import ConnectionPool as ConnectionPool
from pmtech.components.database import Database as Database
from pmtech.components.fields import Checked as _Checked
from pmtech.components.functions import Functions as Functions
from pmtech.components.gateway import Gateway as Gateway
from pmtech.components.gather import Gather as Gather
from pmtech.components.load_balancer import LoadBalancer as LoadBalancer
from pmtech.components.network import Network as Network
from pmtech.components.object_store import ObjectStore as ObjectStore
from pmtech.components.profile import Day as Day
from pmtech.components.profile import Profile as Profile
from pmtech.components.queue import Queue as Queue
from pmtech.components.rate_limiter import RateLimiter as RateLimiter
from pmtech.components.retry import Retry as Retry
from pmtech.components.server import Server as Server
from pmtech.components.surge import Surge as Surge
from pmtech.components.throttle import Throttle as Throttle
from pmtech.components.topic import Topic as Topic
from pmtech.components.users import Users as Users

__all__ = [name for name, value in globals().items() if isinstance(value, type) and value is not _Checked]
