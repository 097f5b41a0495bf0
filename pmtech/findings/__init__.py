"""A run in sentences: rules, each with its threshold, its weight and its words."""

from pmtech.findings.sentences import explain

__all__ = ["explain"]
