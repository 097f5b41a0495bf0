"""The way through the course: its map, its editions, what a learner has done, and a new lesson."""
