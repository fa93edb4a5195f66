"""What was left out is counted by reason, and told with examples that may stand in a sentence."""

from __future__ import annotations

from dataclasses import replace

from xray.dataset import left_out
from xray.dataset.left_out import LeftOut, Tally
from xray.dataset.scan import Scan


def test_reasons_are_counted_the_commonest_first() -> None:
    tally = Tally("row")
    tally.add("name no film", ["a"])
    tally.add("are hidden files", ["b", "c"])
    tally.add("are hidden files", ["d", "e"])
    tally.add("are never met", [])
    assert tally.reasons == (
        LeftOut("are hidden files", 4, ("b", "c", "d"), True),
        LeftOut("name no film", 1, ("a",), False),
    )
    assert tally.total == 5


def test_a_count_may_be_more_than_its_examples() -> None:
    tally = Tally()
    tally.add("are hidden files", ["a"], 1_200)
    tally.add("are in a folder of masks", ["b"], 0)
    assert tally.reasons == (LeftOut("are hidden files", 1_200, ("a",), True),)
    assert tally.sentences() == ("1,200 files left out: are hidden files (a, ...).",)


def test_values_are_told_with_their_counts() -> None:
    tally = Tally("row")
    for number in range(left_out.VALUES + 1):
        tally.add_value("have a label of no class", f"v{number}", number + 1)
    tally.add_value("have a label of no class", "v0", 2_000)
    (reason,) = tally.reasons
    assert reason.count == sum(range(1, left_out.VALUES + 2)) + 2_000
    assert reason.examples[:2] == ("v0: 2,001", "v8: 9")
    assert len(reason.examples) == left_out.VALUES and reason.more
    assert "v1: 2" not in reason.examples, "the rarest is the one that is not told"


def test_sentences_know_one_from_many_and_end_with_the_notes() -> None:
    tally = Tally("file")
    tally.add("hidden files", [".a"])
    tally.add("no film", ["b", "c"])
    tally.note("It was read as Latin-1.")
    tally.note("It was read as Latin-1.")
    assert tally.sentences() == (
        "2 files left out: no film (b, c).",
        "1 file left out: hidden files (.a).",
        "It was read as Latin-1.",
    )
    assert Tally().sentences() == () and Tally().total == 0


def test_names_of_strangers_are_printable_and_short() -> None:
    tally = Tally()
    tally.add("no film", ["a\nb\x1b[2J.png", "x" * 100 + "/the end.png", "胸部.png"])
    (reason,) = tally.reasons
    assert reason.examples[0] == "a_b_[2J.png"
    assert len(reason.examples[1]) == 80
    assert reason.examples[1].startswith("x" * 30 + "...")
    assert reason.examples[1].endswith("/the end.png")
    assert reason.examples[2] == "胸部.png"
    tally.add_value("have a label of no class", "odd\tvalue", 1)
    assert tally.reasons[1].examples == ("odd_value: 1",)


def test_reasons_as_data() -> None:
    reasons = [LeftOut("no film", 4, ("a", "b", "c"), True)]
    assert left_out.as_data(reasons) == [
        {"reason": "no film", "count": 4, "examples": ["a", "b", "c"]}
    ]


def test_what_stands_beside_figures_names_no_file_and_what_is_no_film_does_not_count() -> None:
    reasons = (LeftOut(left_out.HIDDEN, 7, (".a",)), LeftOut("no film", 2, ("ward/Smith.bin",)))
    found = Scan((), (), unit="file", seen=1_000, left_out=reasons)
    said = left_out.beside(found, unread=3, looked_at=4)
    assert said == (
        "Of 1,000 files of this data set 9 are left out. 2: no film; 3: films that cannot be "
        "read; 4: films that its options or threshold were tried on."
    )
    assert left_out.beside(replace(found, left_out=reasons[:1])) == ""
