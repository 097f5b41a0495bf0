"""Meetings, a TOML file each, and the systems that are run beside their tables."""
