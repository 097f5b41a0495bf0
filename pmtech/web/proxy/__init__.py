"""Several copies of the real API, each a process of its own, behind a real proxy."""
