"""Who wears devices in the films, and the card of the labels."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.visits import alone, words


def test_the_title_counts_and_text_is_a_view_of_its_own(on_shelf: Path) -> None:
    app = alone("devices", "In the films")
    assert "of PNEUMONIA against 2.5 % of NORMAL films show a device" in words(app)
    app.segmented_control(key="view").set_value("Burned-in text").run()
    assert not app.exception
    assert app.title[0].value.replace("\\", "").endswith("films show burned-in text (train)")
    assert "Do films of the sick show more burned-in text" in words(app)
    assert len(app.get("plotly_chart")) == 2


def test_the_card_of_the_labels(on_shelf: Path) -> None:
    app = alone("devices", "In the films", view="Card of the labels")
    said = words(app)
    assert "never checked by a radiologist" in said
    assert "CC BY 4.0" in said
    assert "license:" not in said, "the head is for hosts"
    assert [b.label for b in app.get("download_button")] == ["Card (Markdown)"]
