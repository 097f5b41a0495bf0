"""Plain SimPy, written as its documentation does it: a process a customer, `simpy.Resource`, `with` and `yield`."""

from collections import OrderedDict

import simpy


def several_servers(gaps, works, servers=4):
    """M/M/c. Returns the latency of each customer."""
    env = simpy.Environment()
    pool = simpy.Resource(env, capacity=servers)
    latencies = [0.0] * len(works)

    def customer(n):
        arrived = env.now
        with pool.request() as turn:
            yield turn
            yield env.timeout(works[n])
        latencies[n] = env.now - arrived

    def source():
        for n, gap in enumerate(gaps):
            yield env.timeout(gap)
            env.process(customer(n))

    env.process(source())
    env.run()
    return latencies


def several_servers_calls(gaps, works, servers=4):
    """The same as the documentation's car wash does it: what happens at the counter is a process of its own."""
    env = simpy.Environment()
    pool = simpy.Resource(env, capacity=servers)
    latencies = [0.0] * len(works)

    def served(n):
        yield env.timeout(works[n])

    def customer(n):
        arrived = env.now
        with pool.request() as turn:
            yield turn
            yield env.process(served(n))
        latencies[n] = env.now - arrived

    def source():
        for n, gap in enumerate(gaps):
            yield env.timeout(gap)
            env.process(customer(n))

    env.process(source())
    env.run()
    return latencies


def balanced(gaps, works, queries, keys, *, servers, workers, connections, capacity, hit_s):
    """A balancer that takes turns -> servers -> a cache (least recently used goes) -> a database."""
    env = simpy.Environment()
    pool = [simpy.Resource(env, capacity=workers) for _ in range(servers)]
    database = simpy.Resource(env, capacity=connections)
    remembered = OrderedDict()
    latencies = [0.0] * len(works)

    def customer(n):
        arrived = env.now
        with pool[n % servers].request() as turn:
            yield turn
            yield env.timeout(works[n])
        key = keys[n]
        if key in remembered:
            remembered.move_to_end(key)
            yield env.timeout(hit_s)
        else:
            with database.request() as turn:
                yield turn
                yield env.timeout(queries[n])
            remembered[key] = True
            remembered.move_to_end(key)
            if len(remembered) > capacity:
                remembered.popitem(last=False)
        latencies[n] = env.now - arrived

    def source():
        for n, gap in enumerate(gaps):
            yield env.timeout(gap)
            env.process(customer(n))

    env.process(source())
    env.run()
    return latencies


def balanced_calls(gaps, works, queries, keys, *, servers, workers, connections, capacity, hit_s):
    """The same with a process a hop: server, cache and database, each `yield env.process(...)`."""
    env = simpy.Environment()
    pool = [simpy.Resource(env, capacity=workers) for _ in range(servers)]
    database = simpy.Resource(env, capacity=connections)
    remembered = OrderedDict()
    latencies = [0.0] * len(works)

    def at_server(n):
        with pool[n % servers].request() as turn:
            yield turn
            yield env.timeout(works[n])

    def at_cache(n):
        key = keys[n]
        if key in remembered:
            remembered.move_to_end(key)
            yield env.timeout(hit_s)
        else:
            yield env.process(at_database(n))
            remembered[key] = True
            remembered.move_to_end(key)
            if len(remembered) > capacity:
                remembered.popitem(last=False)

    def at_database(n):
        with database.request() as turn:
            yield turn
            yield env.timeout(queries[n])

    def customer(n):
        arrived = env.now
        yield env.process(at_server(n))
        yield env.process(at_cache(n))
        latencies[n] = env.now - arrived

    def source():
        for n, gap in enumerate(gaps):
            yield env.timeout(gap)
            env.process(customer(n))

    env.process(source())
    env.run()
    return latencies


def nested(gaps, works, queries, *, workers, connections):
    """A worker is held while the server waits for the database; one process a customer."""
    env = simpy.Environment()
    server, database = simpy.Resource(env, capacity=workers), simpy.Resource(env, capacity=connections)
    latencies = [0.0] * len(works)

    def customer(n):
        arrived = env.now
        with server.request() as turn:
            yield turn
            yield env.timeout(works[n])
            with database.request() as connection:
                yield connection
                yield env.timeout(queries[n])
        latencies[n] = env.now - arrived

    def source():
        for n, gap in enumerate(gaps):
            yield env.timeout(gap)
            env.process(customer(n))

    env.process(source())
    env.run()
    return latencies


def nested_calls(gaps, works, queries, *, workers, connections):
    """The same with a process a hop: the server calls the database, `yield env.process(...)`."""
    env = simpy.Environment()
    server, database = simpy.Resource(env, capacity=workers), simpy.Resource(env, capacity=connections)
    latencies = [0.0] * len(works)

    def at_database(n):
        with database.request() as connection:
            yield connection
            yield env.timeout(queries[n])

    def at_server(n):
        with server.request() as turn:
            yield turn
            yield env.timeout(works[n])
            yield env.process(at_database(n))

    def customer(n):
        arrived = env.now
        yield env.process(at_server(n))
        latencies[n] = env.now - arrived

    def source():
        for n, gap in enumerate(gaps):
            yield env.timeout(gap)
            env.process(customer(n))

    env.process(source())
    env.run()
    return latencies
