"""From a system to a run to what came out of it."""
