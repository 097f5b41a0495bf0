"""The real HTTP API: its routes, its store, its server."""
