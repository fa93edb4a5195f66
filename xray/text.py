"""Numbers and names in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any


def percent(probability: float) -> str:
    """A probability for people: "87 %", "> 99 %", "< 1 %"."""
    if not math.isfinite(probability):
        return "unknown"
    if probability > 0.995:
        return "> 99 %"
    if probability < 0.005:
        return "< 1 %"
    return f"{100 * probability:.0f} %"


def interval(low: float, high: float, digits: int = 2) -> str:
    """A 95 % interval: "0.31 to 0.55"; why there is none when an end is not a number."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return "no interval: too few films"
    # What rounds to zero has no sign.
    ends = (round(end, digits) + 0.0 for end in (low, high))
    return " to ".join(f"{end:.{digits}f}" for end in ends)


def number(value: Any) -> float:
    """A number of a stored result; NaN where it holds none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def count(number: int, noun: str) -> str:
    """How many there are: "1 film", "5,856 films"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def names(items: Sequence[str]) -> str:
    """Items as a person lists them: "a", "a and b", "a, b and c"."""
    items = list(items)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def a(word: str) -> str:
    """A word with its article: "an electrode"."""
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"
