"""Orders that are accepted now and worked on later: a real queue on SQLite, and a worker in a process of its own."""
