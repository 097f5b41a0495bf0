"""Ciw: a network described by its distributions; the customers come from lists (`Sequential`)."""

import ciw


def several_servers(gaps, works, servers=4):
    """M/M/c. Returns the latency of each customer."""
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Sequential([*gaps, float("inf")])],
        service_distributions=[ciw.dists.Sequential(works)],
        number_of_servers=[servers],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(len(works), method="Finish")
    latencies = [0.0] * len(works)
    for record in simulation.get_all_records():
        latencies[record.id_number - 1] = record.exit_date - record.arrival_date
    return latencies
