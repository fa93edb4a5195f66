"""Eleven entries, and every address of before leads to a page and a section that there is."""

from __future__ import annotations

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
