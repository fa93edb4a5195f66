"""Eleven entries, and every address of before leads to a page and a section that there is."""

from __future__ import annotations

import pytest

from tests.helpers.visits import SECTIONS
from xray.dashboard import navigation
from xray.environment import ROOT


def test_there_are_eleven_entries_and_a_file_of_each() -> None:
    names = [name for entries in navigation.PAGES.values() for name, *_ in entries]
    assert len(names) == 11
    assert sorted(names) == sorted(path.stem for path in (ROOT / "pages").glob("*.py"))


def test_addresses_of_before_lead_to_sections_that_there_are() -> None:
    pages = {name for entries in navigation.PAGES.values() for name, *_ in entries}
    assert not set(navigation.MOVED) & pages, "an address cannot be of both"
    for page, section in navigation.MOVED.values():
        assert page in pages
        assert section in ("", *SECTIONS.get(page, ()), "Large tables")


@pytest.mark.parametrize(
    ("path", "query", "place"),
    [
        ("/models", "", "performance?section=Compare"),
        ("/models/", "", "../performance?section=Compare"),
        ("/audit/stress", "split=test", "robustness?split=test&section=Changed+films"),
        ("/labelling", "", "label"),
        ("/stress", "section=else&a=1&a=2", "robustness?a=1&a=2&section=Changed+films"),
        ("//elsewhere.org/models", "", "performance?section=Compare"),
        ("/performance", "", ""),
        ("/", "models", ""),
        ("/models/_stcore/health", "", ""),
    ],
)
def test_an_address_of_before_leads_on_with_its_query(path: str, query: str, place: str) -> None:
    assert navigation.leads_on(path, query) == place
