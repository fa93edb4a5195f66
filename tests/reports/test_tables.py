"""Tables of the report: right figures in right cells, and a word where there is none."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tests.helpers import shelf, two_models
from xray.audits import findings
from xray.errors import ArtifactError
from xray.files import sha256_file, write_table
from xray.labels import devices
from xray.models import evaluation
from xray.models.card import WEIGHTS, Card, write_card
from xray.reports import tables

NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "low", "high", "digits", "sign", "said"),
    [
        (0.314, 0.2, 0.42, 2, False, "0.31 (0.20 to 0.42)"),
        (0.314, 0.2, 0.42, 1, True, "+0.3 (+0.2 to +0.4)"),
        (-2, -3, -1, 1, True, "-2.0 (-3.0 to -1.0)"),
        (0.314, None, 0.42, 2, False, "0.31 (no interval: too few)"),
        (0.314, NAN, NAN, 2, True, "+0.31 (no interval: too few)"),
        (NAN, 0.2, 0.42, 2, False, "unknown"),
        (None, None, None, 2, False, "unknown"),
        ("many", 0.2, 0.42, 2, False, "unknown"),
    ],
)
def test_a_value_has_its_interval_or_says_why_not(
    value: object, low: object, high: object, digits: int, sign: bool, said: str
) -> None:
    assert tables.with_interval(value, low, high, digits, sign) == said


def test_shares_are_per_cent() -> None:
    assert [tables.share(each) for each in (0.1234, 1, None, NAN)] == ["12.3 %", "100.0 %", "", ""]


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Card:
    """A model with predictions of four test films, three of them called rightly."""
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path))
    home = tmp_path / "models" / "mine"
    home.mkdir(parents=True)
    (home / WEIGHTS).write_bytes(b"no network")
    table = pd.DataFrame(
        {
            "file": [f"test/{i}.jpeg" for i in range(4)],
            "split": "test",
            "label": ["NORMAL", "NORMAL", "PNEUMONIA", "PNEUMONIA"],
            "log_odds": [-2.0, 1.0, 1.5, 3.0],
        }
    )
    write_table(home / "predictions.csv", table.assign(probability=0.5))
    hashes = {item: sha256_file(home / item) for item in (WEIGHTS, "predictions.csv")}
    made = Card("mine", size=(8, 8), files=hashes)
    write_card(made, home)
    return made


def test_scores_follow_from_predictions_where_none_are_stored(card: Card, tmp_path: Path) -> None:
    found = tables.scores(card)
    assert set(found["split"]) == {"test"} and set(found["positive"]) == {"PNEUMONIA"}
    value = found.set_index("metric")["value"]
    assert (value["accuracy"], value["recall"], value["auroc"]) == (0.75, 1.0, 1.0)
    # Those that are stored come first.
    stored = found.assign(value=0.125)
    write_table(tmp_path / "models" / "mine" / evaluation.METRICS, stored)
    assert set(tables.scores(card)["value"]) == {0.125}


def test_scores_that_do_not_hold_what_is_shown_are_refused(card: Card, tmp_path: Path) -> None:
    place = tmp_path / "models" / "mine" / evaluation.METRICS
    whole = tables.scores(card)
    write_table(place, whole[whole["metric"] != "auroc"])
    with pytest.raises(ArtifactError, match="metrics of mine are incomplete"):
        tables.scores(card)
    write_table(place, whole.assign(split="val"))
    with pytest.raises(ArtifactError, match="no predictions of test films"):
        tables.scores(card)


def test_models_stand_in_columns() -> None:
    films = two_models.made()
    scored = {name: table.assign(threshold=0.5) for name, table in two_models.scored(films).items()}
    table = tables.model_scores(scored, two_models.TITLES)
    assert list(table.columns) == ["", "Basic CNN", "VGG19"]
    basic = dict(zip(table[""], table["Basic CNN"], strict=True))
    assert (basic["Test films"], basic["Called from"]) == (str(two_models.N), "0.500")
    assert len(table) == 2 + len(tables.METRICS)
    y, log_odds = films
    assert basic["Accuracy"].startswith(f"{np.mean((log_odds['basic'] >= 0) == y):.3f} (")


def test_effects_are_told_with_what_is_known_of_them() -> None:
    table = tables.effects(shelf.world("one reader")["basic"])
    row = table[(table["Kind"] == "supports") & (table["Films of"] == "NORMAL")].iloc[0]
    assert row["What was done"] == "laid over films without devices"
    assert row["Called of 100"] == "11.0 → 20.6, null 11.5"
    assert row["Change in calls"] == "+9.1 (+5.1 to +13.1)"
    assert (row["Fall of AUROC"], row["Log-odds"]) == ("", "+1.82")
    assert row["People"] == "200, donors 40"
    swap = table[(table["Kind"] == "supports") & (table["Films of"] == "both classes")].iloc[0]
    assert swap["What was done"] == "swapped between the classes"
    assert (swap["Called of 100"], swap["Fall of AUROC"]) == ("", "+0.009 (+0.005 to +0.013)")
    bare = tables.effects({"effects": [{"test": "new", "kind": None}]}).iloc[0]
    assert (bare["Kind"], bare["What was done"], bare["People"]) == ("all", "new", "?, donors ?")
    assert tables.effects({}).empty and tables.effects({"effects": None}).empty


def test_kinds_have_a_verdict_and_an_effect_in_margins() -> None:
    audit = {
        "kinds": [
            {"kind": "support", "verdict": "reads_devices", "score": 3.034},
            {"kind": "tube", "verdict": "no_reliance", "score": None},
            {"kind": "hat", "verdict": "reads_devices", "score": 9.0},
        ]
    }
    table = tables.kinds(audit)
    assert list(table["Kind"]) == ["supports", "tubes"], "kinds of a later version are left out"
    assert list(table["Largest effect, in margins"]) == ["+3.03", ""]
    assert table["Verdict"].iloc[0] != table["Verdict"].iloc[1]
    assert tables.kinds({}).empty


def test_audits_on_several_films_are_told_apart() -> None:
    films = {"source": "ward", "sha256": "c" * 64, "n": 120, "out_of": 500}
    whole = {"films": films, "positive": "covid", "verdict": "no_reliance"}
    score = {"auroc": 0.9, "auroc_low": 0.8, "auroc_high": 0.95}
    table = tables.by_films([whole | score, {}])
    assert list(table["Films"]) == ["ward, 120 of 500 films, cccccccc", "unknown, ? films, "]
    assert list(table["Positive class"]) == ["covid", "PNEUMONIA"]
    assert list(table["AUROC"]) == ["0.90 (0.80 to 0.95)", "unknown"]


def test_strata_are_rows_and_metrics_columns() -> None:
    rows = [
        {"stratum": "all films", "metric": "auroc", "value": 0.9, "low": 0.8, "high": 0.95},
        {"stratum": "all films", "metric": "sensitivity", "value": 1, "low": None, "high": None},
        {"stratum": "lungs hidden", "metric": "auroc", "value": 0.5, "low": 0.4, "high": 0.6},
    ]
    table = tables.strata({"strata": [row | {"n": 90} for row in rows]}).set_index("Films")
    assert table.loc["all films", "AUROC"] == "0.90 (0.80 to 0.95), n = 90"
    assert table.loc["all films", "Sensitivity"] == "1.00 (no interval: too few), n = 90"
    assert table.loc["lungs hidden", "Sensitivity"] == ""
    assert tables.strata({}).empty


def test_the_record_is_told_by_kind_and_measure() -> None:
    table = tables.quality(shelf.quality())
    assert list(table["Kind"].drop_duplicates()) == [
        *(findings.PLURAL[kind] for kind in findings.KINDS),
        "all kinds",
    ]
    assert table["What"].iloc[1] == "readers found"
    assert table["Value"].iloc[1] == "0.97 (0.87 to 1.00)"
    assert list(table["Accusing every network"].head(4)) == ["0.50", "1.00", "1.00", "0.00"]
    assert set(table["Networks"]) == {"30"}
    assert tables.quality(shelf.quality().assign(always=NAN))["Accusing every network"].eq("").all()


def test_sizes_are_those_of_the_films_whose_size_is_known() -> None:
    films = pd.DataFrame(
        {
            "label": ["NORMAL", "NORMAL", "PNEUMONIA"],
            "width": [100.0, 300.0, NAN],
            "height": [100.0, 100.0, NAN],
        }
    )
    table = tables.sizes(films).set_index("Films")
    assert list(table.loc["NORMAL"]) == ["2", "200", "100", "2.00"]
    assert table.loc["PNEUMONIA", "of known size"] == "0"


def test_two_looks_at_the_test_films_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = pd.DataFrame(
        {
            "what": ["any device", "text"],
            "films": [624, 624],
            "agreement": [0.9, 1.0],
            "kappa": [0.754, 1.0],
            "iou": [0.5, NAN],
        }
    )
    monkeypatch.setattr(devices, "agreement", lambda: looks)
    assert tables.agreement().to_numpy().tolist() == [
        ["any device", "624", "90.0 %", "0.75", "0.50"],
        ["text", "624", "100.0 %", "1.00", ""],
    ]


def test_where_models_come_from() -> None:
    known = Card("basic", title="Basic", recipe="basic", seed=0, class_weight={"NORMAL": 2.0})
    audit = {"films": {"folder": "films224", "n": 3}, "labels": "devices.csv", "seed": 7}
    table = tables.provenance([known, Card("mine")], {"basic": audit}).set_index("")
    assert list(table.columns) == ["Basic", "mine"]
    assert list(table.loc["Recipe"]) == ["basic", "user"]
    assert list(table.loc["Seed"]) == ["0", "unknown"]
    assert table.loc["Class weights", "Basic"] == "NORMAL 2.0"
    assert list(table.loc["Audited on"]) == ["folder films224, n 3", "not audited"]
    assert list(table.loc["Device labels"]) == ["devices.csv", ""]
    assert list(table.loc["Audit seed"]) == ["7", "unknown"]
    assert (tables.described({}), tables.described(None)) == ("unknown", "unknown")


def test_regions_are_numbered_by_weight() -> None:
    found = pd.DataFrame({"weight": [2.0, -1.5, 0.1], "low": [1, -2, NAN], "high": [3, -1, NAN]})
    table = tables.superpixels(found, leading=2)
    assert table.to_numpy().tolist() == [
        ["1", "+2.00 (+1.00 to +3.00)", "toward PNEUMONIA"],
        ["2", "-1.50 (-2.00 to -1.00)", "away from it"],
    ]
    assert len(tables.superpixels(found)) == 3


def test_calls_of_a_film_with_devices_and_their_match() -> None:
    reading = SimpleNamespace(
        model="basic",
        log_odds=-1.0,
        with_device=np.log(3),
        with_null=-9.0,
        threshold=0.0,
        call="NORMAL",
        turned=(2, 0),
        device=(1.0, 1.2),
        explanation=SimpleNamespace(stable=False, why_unstable="too few samples"),
    )
    row = tables.calls([reading], {"basic": "Basic"}, "tube").iloc[0]
    assert row["Model"] == "Basic" and row["Threshold"] == "0.500"
    assert row["Probability of PNEUMONIA"] == "27 %"
    assert (row["With a tube"], row["With its match"]) == ("75 %", "< 1 %")
    assert row["Calls changed"] == "2 of 2 (match: 0)"
    assert row["Explanation"] == "not stable: too few samples"
    reading.explanation.stable = True
    assert tables.calls([reading], {}, "tube").iloc[0]["Model"] == "basic"


def test_two_models_of_one_title_have_a_column_each() -> None:
    cards = [Card(name, title="My net") for name in ("one", "two")]
    assert list(tables.provenance(cards, {}).columns) == ["", "My net (one)", "My net (two)"]


def test_limes_weight_stands_beside_calls() -> None:
    row = {"test": "lime", "kind": "tube", "label": "PNEUMONIA", "share": 0.05}
    made = tables.effects({"effects": [row | {"share_low": 0.01, "share_high": 0.09}]})
    assert made["Share of LIME's weight"].tolist() == ["+0.050 (+0.010 to +0.090)"]
