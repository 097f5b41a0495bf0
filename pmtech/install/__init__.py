"""How the course gets onto a computer, and what it needs there."""
