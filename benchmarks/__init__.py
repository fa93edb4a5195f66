"""Benchmarks: ``python -m benchmarks.<name>``. Each compares with what a user would pick instead,
in one run on one machine, and prints ratios; seconds of different machines say little."""
