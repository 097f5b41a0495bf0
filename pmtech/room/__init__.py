"""Votes and pace of a workshop: a small server on the facilitator's machine, and what a learner's kernel tells it."""
