"""The report's first page: whom it names, what it advises, and what it leaves to the appendix."""

from __future__ import annotations

from tests.helpers import shelf
from xray.models.card import Card
from xray.reports import first_page

CARDS = [Card(name, title=f"Model {name}") for name in shelf.GOOD]


def test_the_same_advice_is_given_once_for_all_whom_it_concerns() -> None:
    page = first_page.build(CARDS, shelf.world("nothing judged"), {})
    assert page["advice"] == [
        (
            "Model basic, Model augmented and Model transfer",
            "Check classes, scale and threshold, and audit again.",
        )
    ]
    assert first_page.build(CARDS, shelf.world("all clean"), {})["advice"] == []


def test_more_models_than_a_page_holds_are_left_to_the_appendix() -> None:
    cards = [Card(f"m{number}", title=f"Model {number}") for number in range(9)]
    page = first_page.build(cards, {}, {"m0": "The stored audit is damaged."})
    assert page["first_rows"].count('scope="row"') == first_page.MOST
    assert page["further"] == "The appendix tells of 2 models more."
    assert first_page.build(cards[:3], {}, {})["further"] == ""


def test_what_was_mended_stands_before_what_is_now() -> None:
    cards = [Card("whole_film", role="cure", title="Whole"), Card("basic", title="Lungs")]
    audits = {
        "whole_film": shelf.audit("whole_film", {"support": (9.1, 4.0)}),
        "basic": shelf.audit("basic", {"support": (0.4, 1.0)}),
    }
    page = first_page.build(cards, audits, {})
    rows = page["first_rows"]
    assert rows.index("Before: shown whole films") < rows.index("Whole</th>")
    assert rows.index("Whole</th>") < rows.index("Now: cropped to the lungs") < rows.index("Lungs")
    assert page["title"].startswith("Shown whole films, 1 of 1 models reads devices")
    assert page["advice"] == [("Whole", "Do not rely on calls of people with supports.")]


def test_nothing_to_show_is_nothing() -> None:
    page = first_page.build([], {}, {})
    assert page["first_rows"] == "" and page["picture"] is None and page["remedy"] == ""
