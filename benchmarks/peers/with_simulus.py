"""Simulus: processes are plain functions (greenlets) that sleep and acquire."""

import sys

arguments, sys.argv = sys.argv, sys.argv[:1]  # its import reads the command line
import simulus  # noqa: E402

sys.argv = arguments


def several_servers(gaps, works, servers=4):
    """M/M/c. Returns the latency of each customer."""
    sim = simulus.simulator()
    pool = sim.resource(capacity=servers)
    latencies = [0.0] * len(works)

    def customer(n):
        arrived = sim.now
        pool.acquire()
        sim.sleep(works[n])
        pool.release()
        latencies[n] = sim.now - arrived

    def source():
        for n, gap in enumerate(gaps):
            sim.sleep(gap)
            sim.process(customer, n)

    sim.process(source)
    sim.run()
    return latencies
