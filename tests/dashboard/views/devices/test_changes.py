"""What devices change in one model: by links of every kind, and where nothing is stored."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.helpers import shelf
from tests.helpers.visits import alone, words
from xray.audits import stored
from xray.dashboard.views.devices import changes
from xray.models.card import read_card
from xray.reports import headlines, html, sentences


def test_a_link_names_the_model_by_its_name_or_its_title(on_shelf: Path) -> None:
    for asked in ("transfer", "Model transfer"):
        app = alone("devices", model=asked)
        assert app.selectbox(key="model").value == "Model transfer", asked
        assert not app.info
        assert app.title[0].value == "Devices change fewer than 3 of 100 calls of this model"
    odd = alone("devices", model="spoon")
    assert "is not offered here" in words(odd)


@pytest.mark.parametrize("world", shelf.WORLDS)
def test_every_world_is_told_without_the_experts_units(
    world: str, shelf_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shelf.move_in(Path(shutil.copytree(shelf_folder, tmp_path / "shelf")), world)
    monkeypatch.setenv("XRAY_ARTIFACTS", str(copy))
    audit = shelf.world(world)["basic"]
    app = alone("devices", model="basic")
    card = read_card(copy / "models" / "basic")
    assert app.title[0].value == html.plain(headlines.title([card], {"basic": audit}))
    said = words(app)
    assert html.escape(sentences.finding(audit)) in said
    assert len(app.get("plotly_chart")) == (0 if world == "nothing judged" else 2)
    for word in ("log-odds", "standard deviation", "sham", "clean control"):
        assert word not in said, word


def test_a_model_without_an_audit_says_the_command(on_shelf: Path) -> None:
    app = alone("devices", model="augmented")
    assert "not measured yet" in words(app)
    assert any(code.value == "python -m xray audit augmented" for code in app.code)


def test_audits_on_several_sets_of_films_stand_side_by_side(
    shelf_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(shelf_folder, tmp_path / "shelf"))
    monkeypatch.setenv("XRAY_ARTIFACTS", str(copy))
    card = read_card(copy / "models" / "transfer")
    assert "several sets of films" not in words(alone("devices", model="transfer"))
    ward = {"source": "ward", "sha256": "c" * 64, "n": 120}
    stored.store(card, shelf.world("one reader")["basic"] | {"films": ward})
    for app in (alone("devices", model="transfer"), alone("cards", card="transfer")):
        assert not app.exception
        assert "several sets of films" in words(app)
        (table,) = [each.value for each in app.dataframe if {"Films", "Verdict"} <= {*each.value}]
        assert table["Films"].tolist()[1] == "ward, 120 films, cccccccc"
        assert table["Verdict"].nunique() == 2
        assert table["AUROC"].str.match(r"0\.\d\d \(0\.\d\d to").all()


def test_effects_in_calls_and_in_auroc_are_tables_without_empty_columns() -> None:
    audit = shelf.world("one reader")["basic"]
    calls, auroc = changes.effects(audit)
    assert len(calls) + len(auroc) == len(audit["effects"])
    assert "Change in calls" in calls and "Fall of AUROC" not in calls
    assert "Fall of AUROC" in auroc and "Change in calls" not in auroc
    assert (auroc["Fall of AUROC"] != "").all()
    assert changes.effects({}) == []
