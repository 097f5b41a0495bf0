"""The course in a real browser. A package, so that the browser ends with its last test: its event loop is in the way of others."""
