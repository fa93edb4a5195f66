"""Tables as HTML: text stays text, and what is missing has a place."""

from __future__ import annotations

from xray.reports import html_tables

ROW = {
    "group": "Now", "name": "basic", "title": "<b>Basic</b>",
    "chip": ("reads_devices", "reads supports"), "why": "a & b", "problem": "",
    "accuracy": "94", "called": ["10", "11", "19"], "hidden": "0.88",
}  # fmt: skip


def test_a_row_a_model_with_a_label_above_each_figure() -> None:
    made = html_tables.models_table([ROW, {**ROW, "called": [], "problem": "It is <broken>."}])
    assert "&lt;b&gt;Basic" in made and "<b>Basic" not in made
    assert 'data-label="as they are">10<' in made
    assert 'data-label="with supports">19<' in made
    assert made.count(">–<") == 3, "what was not counted has a place"
    assert "It is &lt;broken&gt;." in made
    assert made.count('<tr><th scope="row">') == made.count('<tr class="xma-said">') == 2
    assert made.count('scope="rowgroup">Now<') == 1, "a group is named once"


def test_numbers_stand_right_and_names_left() -> None:
    made = html_tables.table(("", "films"), [("a<b", "3")])
    assert made.count('class="xma-n"') == 2
    assert "a&lt;b" in made
