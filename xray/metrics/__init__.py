"""Metrics and their intervals, over plain arrays."""
