"""The clock, what moves by it, and what is written down: SimPy with requests that are their own events."""
