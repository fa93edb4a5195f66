"""Links carry what a page declares, and nothing a stranger slips in."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xray.dashboard import browser, links

KNOWN: dict[str, links.Parameter] = {
    "positive": links.Choice(("NORMAL", "PNEUMONIA")),
    "models": links.Choice(("basic", "transfer"), several=True),
    "threshold": links.Number(0, 1),
    "height": links.Number(0, 3000, pair=True),
    "strict": links.Switch(),
    "film": links.Token(),
}

#: What Python's float takes and a link may not hold: separators, other scripts' digits, spaces,
#: signs, exponents, and what is no number.
ODD = (
    "0_1",
    "0_0.1",
    "\u0661",
    "\uff11",
    "0.\u0967",
    " 1",
    "1\n",
    "+1",
    "1e-1",
    ".5",
    "1.",
    "nan",
    "inf",
)


def test_valid_parameters_pass_without_a_note() -> None:
    query = {
        "positive": ["NORMAL"],
        "models": ["basic", "transfer"],
        "threshold": ["0.35"],
        "height": ["100", "900"],
        "strict": ["true"],
        "film": ["0123456789ab"],
        "embed": ["true"],
    }
    usable, notes = links.check(query, KNOWN)
    assert notes == []
    assert usable == {name: values for name, values in query.items() if name != "embed"}


@pytest.mark.parametrize(
    ("name", "values", "why"),
    [
        ("positive", ["COVID"], "not offered"),
        ("positive", ["NORMAL", "PNEUMONIA"], "more than once"),
        ("models", ["basic", "mine"], "not offered"),
        ("threshold", ["high"], "not a plain number"),
        *(("threshold", [odd], "not a plain number") for odd in ODD),
        ("threshold", ["1.5"], "between 0 and 1"),
        ("height", ["1_0", "900"], "not a plain number"),
        ("height", ["900", "100"], "wrong order"),
        ("height", ["100"], "pair"),
        ("strict", ["maybe"], "neither"),
        ("film", ["../../etc/passwd"], "not a name"),
        ("film", ["0123456789ab\n"], "not a name"),
        ("positive", ["x" * 5000], "too long"),
        ("password", ["1234"], "unknown to this page"),
    ],
)
def test_invalid_parameters_are_left_out_with_a_note(
    name: str, values: list[str], why: str
) -> None:
    usable, notes = links.check({name: values}, KNOWN)
    assert usable == {}
    assert len(notes) == 1
    assert why in notes[0]
    assert notes[0].endswith("ignored.")
    assert len(notes[0]) < 160


def test_link_holds_declared_parameters_only() -> None:
    link = links.link(
        "https://someone:secret@example.org/base/explain?old=1#part",
        {"threshold": ["0.4"], "film": ["/home/a/film.png"], "name": ["John Doe"]},
        KNOWN,
    )
    assert link == "https://example.org/base/explain?threshold=0.4"


# How fast examples are made says how busy the machine is, and nothing of links.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.text(max_size=30), st.lists(st.text(), min_size=1, max_size=3)))
def test_anything_in_a_link_is_survived(query: dict[str, list[str]]) -> None:
    usable, notes = links.check(query, KNOWN)
    assert set(usable) <= set(KNOWN)
    assert all(note.isprintable() for note in notes)
    again = parse_qs(urlsplit(links.link("http://h/p", query, KNOWN)).query)
    assert links.check(again, KNOWN)[1] == []


def test_words_of_before_in_a_link_become_words_that_are_offered() -> None:
    offered = {
        "kind": browser.ODD,
        "odd": browser.ODD,
        "with": browser.TRAITS,
        "sort": browser.SORTS,
    }
    for name, words in links.RENAMED.items():
        for before, now in words.items():
            assert before not in offered[name] and now in offered[name]
    asked = {"with": ["shows a device", "odd: burned-in text"], "view": ["Burned-in text"]}
    assert links.renamed(asked) == {"with": ["shows a device", "odd: bright corner strokes"]}
