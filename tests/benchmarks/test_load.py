"""What the load benchmark counts as an error, and how it compares two runs."""

from __future__ import annotations

import pytest

from benchmarks import load
from benchmarks._visitor import Seen


def test_answers_are_compared_page_by_page_and_the_hostile_are_left_out() -> None:
    alone, among = load.Tally(warm=1.0), load.Tally(warm=1.0)
    for seconds in (1.0, 1.0, 1.0):
        alone.note("browse", Seen(seconds))
        alone.note("upload", Seen(2 * seconds))
        among.note("browse", Seen(1.2 * seconds))
        among.note("upload", Seen(4 * seconds))
        among.note(load.HOSTILE, Seen(100.0, problems=["no film"]))
    found = load.slower(alone, among)
    assert found == pytest.approx(
        {
            "others' answers among hostile uploads, median: times slower": 2.6 / 1.5,
            "the same of the page that suffers most, median": 2.0,
            "others' answers among hostile uploads, 95 %: times slower": 2.0,
            "the same of the page that suffers most, 95 %": 2.0,
        },
        abs=0.01,
    )
    assert not alone.errors and not among.errors


def test_before_all_have_seen_all_pages_errors_count_and_seconds_do_not() -> None:
    tally = load.Tally()
    tally.note("browse", Seen(1.0, errors=["broken"]))
    assert tally.seconds == {}
    assert tally.errors == ["browse: broken"]


def test_a_film_that_meets_a_problem_and_a_bomb_without_a_sentence_are_errors() -> None:
    tally = load.Tally(warm=1.0)
    tally.note("upload", Seen(1.0, problems=["too large"]))
    tally.note(load.HOSTILE, Seen(1.0))
    tally.note(load.HOSTILE, Seen(1.0, problems=["too large"]))
    assert tally.errors == ["upload: too large", "hostile upload: without a sentence"]
