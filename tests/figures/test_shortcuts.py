"""Figures of shortcuts in the data: what they draw, and that their titles say what was counted."""

from __future__ import annotations

import pytest

from tests.figures.test_composition import sound
from xray.dataset import shortcuts
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
    height = known.set_index("name").loc["height", "auroc"]
    assert figures.giveaways_say(train) == (
        f"Height alone tells the classes apart: AUROC {height:.2f}"
    )
    assert height == pytest.approx(0.92, abs=0.01)


def test_giveaways_of_which_none_was_shown() -> None:
    stored = shortcuts.stored().assign(is_shortcut=False)
    said = "Nothing about the files was shown to tell the classes apart"
    assert figures.giveaways_say(stored) == said
    assert figures.giveaways_say(stored.head(0)) == said
    sound(figures.giveaways(stored.head(0), "train"))
