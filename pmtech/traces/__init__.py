"""Access logs, and clients who come as a log says."""
