"""A run in sentences: rules, each with its thresholds, its weight and its words."""

from pmtech.findings.findings import explain
from pmtech.runs.result import Result

__all__ = ["explain"]

Result.explain = explain
