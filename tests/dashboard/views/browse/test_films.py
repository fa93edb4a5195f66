"""Films by what is known of them and by what models call them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from tests.dashboard.conftest import Opener
from tests.helpers import shelf
from tests.helpers.visits import grid, words
from xray import text
from xray.dashboard.views.browse import films
from xray.labels import devices
from xray.metrics.odds import to_probability
from xray.models.card import read_cards, read_predictions


def names(table: pd.DataFrame) -> list[str]:
    return table["name"].tolist()


def test_filters_count_and_export_what_they_say(
    visit: Opener, exports: dict[str, pd.DataFrame], public: pd.DataFrame
) -> None:
    app = visit("browse")
    # Models that somebody added are not among those that are compared.
    cards = [card for card in read_cards() if card.name in shelf.GOOD]
    odds = [read_predictions(c.name).query("split == 'test'")["log_odds"] for c in cards]
    calls = [each >= c.threshold_log_odds for each, c in zip(odds, cards, strict=True)]
    differ = int(pd.concat(calls, axis=1).nunique(axis=1).gt(1).sum())
    said = f"3 models disagree on {differ} of the 624 that several called"
    assert app.title[0].value == f"5,856 films; {said}" and differ
    assert "Model basic; Model augmented; Model transfer" in words(app)
    # Its threshold is given in the cards of the shelf.
    (basic,) = [card for card in cards if card.name == "basic"]
    called = text.percent(to_probability(basic.threshold_log_odds))
    whose = f"In percent: Model basic's probability of pneumonia, called from {called}."
    assert whose in words(app), "of the percentages under the films"
    assert "**5,856 films**" in words(app) and len(exports["films.csv"]) == 5856
    app.button_group(key="splits").set_value(["test"]).run()
    app.button_group(key="classes").set_value(["NORMAL"]).run()
    assert "**234 films**" in words(app)
    wanted = public[(public["split"] == "test") & (public["label"] == "NORMAL")]
    assert exports["films.csv"]["file"].tolist() == wanted["file"].tolist()
    assert grid(app) == names(wanted.head(24))


def test_the_models_own_validation_is_told_from_that_of_the_dataset(visit: Opener) -> None:
    calls = {name: np.array([1, 4, 2, 0, 1], np.int8) for name in ("one", "two")}
    catalogue = SimpleNamespace(
        outcome=calls | {"three": np.ones(5, np.int8)},
        compared=["one", "two"],
        disagree=np.array([False, True, False, False, False]),
        judged=4,
    )
    table = pd.DataFrame({"split": ["test", "train", "train", "train", "val"]})
    made: Any = SimpleNamespace(catalogue=catalogue, table=table)
    assert films.say(made) == (
        "5 films; 2 models disagree on 1 of the 4 that several called, "
        "3 of them the models' own validation"
    )
    help_ = visit("browse").button_group(key="splits").help
    assert "Validation: 16 films, as the dataset comes." in help_


def test_a_link_restores_filters_and_an_unknown_value_is_said(
    visit: Opener, exports: dict[str, pd.DataFrame], public: pd.DataFrame
) -> None:
    query = {"splits": "test", "with": "shows a device", "sort": "largest first", "colour": "blue"}
    app = visit("browse", **query, page="1", marks="perhaps")
    shown = public["file"].map(devices.load()["has_device"].to_dict())
    wanted = public[shown & (public["split"] == "test")]
    area = -(wanted["width"] * wanted["height"]).fillna(-np.inf)
    wanted = wanted.iloc[np.argsort(area.to_numpy(), kind="stable")]
    assert f"**{len(wanted):,} films**" in words(app)
    assert grid(app) == names(wanted.head(24))
    assert app.multiselect(key="with").value == ["shows a device"]
    assert app.selectbox(key="sort").value == "largest first"
    notes = "\n".join(note.value for note in app.info).replace("\\", "")
    assert "“colour” is unknown to this page" in notes
    assert "marks “perhaps” is neither true nor false" in notes


def test_outcomes_of_a_model_the_most_wrong_first(
    visit: Opener, shelf_folder: Path, exports: dict[str, pd.DataFrame]
) -> None:
    app = visit(
        "browse",
        model="Model augmented",
        outcomes="false alarm (FP)",
        sort="most wrong first",
    )
    calls = pd.read_csv(shelf_folder / "models" / "augmented" / "predictions.csv")
    calls = calls[calls["file"].str.startswith("test/NORMAL/")]
    wrong = calls[calls["log_odds"] >= np.log(0.6 / 0.4)].sort_values("log_odds", ascending=False)
    assert len(wrong) > 3 and f"**{len(wrong):,} films**" in words(app)
    assert exports["films.csv"]["file"].tolist() == wrong["file"].tolist()
    assert "In percent: Model augmented's probability of pneumonia" in words(app)


def test_pages_of_films_and_a_new_wish_begins_at_the_first(
    visit: Opener, public: pd.DataFrame
) -> None:
    app = visit("browse", page="3")
    assert grid(app) == names(public.iloc[2 * 24 : 3 * 24])
    app.button_group(key="splits").set_value(["train"]).run()
    train = public[public["split"] == "train"]
    assert grid(app) == names(train.head(24))


def test_nothing_found_says_what_to_do(visit: Opener) -> None:
    app = visit("browse", splits="validation", classes="PNEUMONIA, viral")
    assert "No film is like that" in words(app) and not app.get("bidi_component")


def test_a_film_in_full_by_its_link(visit: Opener, public: pd.DataFrame) -> None:
    import hashlib

    film = public[public["file"].str.endswith("test/PNEUMONIA/person1_virus_6.jpeg")].iloc[0]
    token = hashlib.sha256(film["file"].encode()).hexdigest()[:12]
    app = visit("browse", film=token)
    text = words(app)
    assert "person1_virus_6.jpeg" in text and f"{film['width']:.0f} × {film['height']:.0f}" in text
    assert "Of the same possible patient" in text
    assert text.count("threshold 60 %") == len(shelf.GOOD) + 1
    app.button(key="back").click().run()
    assert "film" not in app.query_params and "**5,856 films**" in words(app)
    gone = visit("browse", film="ffffffffffff")
    assert "**5,856 films**" in words(gone), "a film that there is not leads to the list"
    odd = visit("browse", film="../../etc/passwd")
    assert "is not a name that this app gives" in words(odd)
