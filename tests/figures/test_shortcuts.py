"""Figures of shortcuts in the data: what they draw, and that their titles say what was counted."""

from __future__ import annotations

import pytest

from tests.figures.test_composition import sound
from xray.dataset import shortcuts
from xray.figures import base
from xray.figures import shortcuts as figures


def test_giveaways_are_drawn_best_first_with_what_beats_chance_apart() -> None:
    stored = shortcuts.stored()
    train = stored[stored["split"] == "train"]
    figure = figures.giveaways(train, "train")
    known = train[train["auroc"].notna()]
    beating = int(known["is_shortcut"].sum())
    assert sound(figure) == (
        f"{beating} of {len(known)} ways to judge a film without its content beat chance (train)"
    )
    order = [name.partition(" (")[0] for name in figure.layout.yaxis.categoryarray]
    assert order == known.sort_values("auroc", ascending=False)["title"].tolist()
    drawn = {trace.name: len(trace.x) for trace in figure.data}
    assert drawn["possible shortcut"] == beating


@pytest.mark.parametrize(("split", "strongest"), [("train", "height"), ("test", "width")])
def test_the_title_names_the_strongest_of_the_split_with_its_interval(
    split: str, strongest: str
) -> None:
    stored = shortcuts.stored()
    rows = stored[stored["split"] == split]
    best = rows.set_index("name").loc[strongest]
    assert figures.giveaways_say(rows, split) == (
        f"{strongest.title()} alone tells the classes of {split} apart: "
        f"AUROC {base.span(best['auroc'], best['low'], best['high'], 2)}"
    )


def test_what_is_stronger_but_known_of_few_films_is_named_beside_the_title() -> None:
    stored = shortcuts.stored()
    assert figures.passed_over(stored[stored["split"] == "train"]) == (
        "Stronger, but not known of most films: "
        "JPEG quality (1,566 of 5,216 films) and file size (1,566 of 5,216 films)."
    )
    assert figures.passed_over(stored[stored["split"] == "test"]) == ""
    assert figures.passed_over(stored.head(0)) == ""


def test_giveaways_of_which_none_was_shown() -> None:
    stored = shortcuts.stored().assign(is_shortcut=False)
    said = "Nothing about the files of train was shown to tell the classes apart"
    assert figures.giveaways_say(stored, "train") == said
    assert figures.giveaways_say(stored.head(0), "train") == said
    sound(figures.giveaways(stored.head(0), "train"))
