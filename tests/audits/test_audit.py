"""A folder's audit tells models whose answer is known, and says when and why it cannot."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import pytest

from tests.helpers.fakes import Fake
from tests.helpers.worn import KINDS, SIZE, sickness
from xray.audits import audit, inputs, judging, showing
from xray.audits.inputs import Materials
from xray.audits.judging import Margin
from xray.errors import ModelError
from xray.models.card import Card
from xray.models.model import Model

#: What the small set of films can tell.
WIDE = audit.Options(Margin(calls=25, auroc=0.2))
#: Fields that scripts and pages read.
FIELDS = {
    "model",
    "positive",
    "threshold",
    "auroc",
    "auroc_low",
    "auroc_high",
    "called",
    "verdict",
    "kind",
    "score",
    "reasons",
    "margin",
    "calls_averaged",
    "kinds",
    "effects",
    "lime_flag",
    "labels",
    "films",
    "seed",
    "versions",
    "model_hash",
    "strata",
}
EFFECT = {
    "test",
    "kind",
    "label",
    "called_before",
    "called_after",
    "called_null",
    "calls",
    "calls_low",
    "calls_high",
    "auroc_drop",
    "auroc_drop_low",
    "auroc_drop_high",
    "net_log_odds",
    "ci_low",
    "ci_high",
    "films",
    "donors",
}


def wires(film: np.ndarray) -> float:
    """Log-odds by clouded lungs, and by how much is bright and thin across or along."""
    lifted = [
        cv2.morphologyEx(film, cv2.MORPH_TOPHAT, np.ones(k, np.uint8)) for k in ((7, 1), (1, 7))
    ]
    return 6 * sickness(film) + 0.2 * float((np.maximum(*lifted) > 0.3).sum()) - 1


def fake(rule: Any, name: str = "fake") -> Fake:
    return Fake(rule, Card(name, size=SIZE))


@pytest.fixture(scope="module")
def found(shown: Materials) -> dict[str, audit.Audit]:
    """A reader of wires and one that is blind to them, audited together."""
    models = [fake(wires, "reader"), fake(sickness, "blind")]
    return {made.model: made for made in audit.audit(models, shown, WIDE)}


def test_a_reader_of_lines_is_told_from_one_that_is_blind_to_them(
    found: dict[str, audit.Audit],
) -> None:
    read, blind = found["reader"].verdict, found["blind"].verdict
    assert (read.verdict, read.kind) == ("reads_devices", "line")
    kinds = {kind.kind: kind.verdict for kind in blind.kinds}
    assert kinds["line"] == "no_reliance"
    # No layer of these kinds was there: named, and no reason to hold the model back.
    assert kinds["tube"] == kinds["electrode"] == "cannot_be_judged"
    assert abs(read.score) > 1 > abs({k.kind: k for k in blind.kinds}["line"].score)


def test_an_audit_on_a_part_of_the_films_says_so(
    shown: Materials, synthetic_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "assemble", lambda *_, **__: shown)
    whole = inputs.prepare(synthetic_folder, split="all")
    monkeypatch.setattr(inputs, "MOST_FILMS", 40)
    part = inputs.prepare(synthetic_folder, split="all")
    assert "out_of" not in whole.about()["films"] and part.about()["films"]["out_of"] == 48
    says = [audit._notes(fake(wires), each, audit.Options()) for each in (whole, part)]
    assert says[1] == ("These are 40 of 48 films, drawn at random.", *says[0])


def test_the_json_holds_what_scripts_read(found: dict[str, audit.Audit]) -> None:
    value = json.loads(json.dumps(found["reader"].to_json(), allow_nan=False))
    assert value.keys() >= FIELDS
    assert value["verdict"] in ("reads_devices", "no_reliance", "inconclusive", "cannot_be_judged")
    assert value["margin"] == {"calls": 25, "auroc": 0.2}
    assert value["calls_averaged"] is True
    assert value["labels"] == {"source": "facts", "sha256": "hash", "rendered": True}
    assert value["films"] == {"source": "synthetic films", "sha256": "hash", "n": 40}
    assert value["lime_flag"] is None and value["lime_reason"]
    assert all(set(row) == EFFECT for row in value["effects"] if row["test"] != "lime")
    calls = [row for row in value["effects"] if row["test"] == "insertion"]
    assert {(row["kind"], row["label"]) for row in calls} == {
        (kind, label) for kind in KINDS for label in ("NORMAL", "PNEUMONIA")
    }
    for row in calls:
        assert row["calls"] == pytest.approx(row["called_after"] - row["called_null"], abs=1e-4)
        assert row["calls_low"] <= row["calls"] <= row["calls_high"]
        assert row["ci_low"] <= row["net_log_odds"] <= row["ci_high"]
        assert row["donors"] >= judging.LEAST_DONORS
    strata = {(row["stratum"], row["metric"]): row for row in value["strata"]}
    assert strata["all films", "auroc"]["value"] == pytest.approx(value["auroc"], abs=1e-5)
    assert ("lungs hidden", "auroc") in strata


def test_the_same_seed_gives_the_same_audit(
    shown: Materials, found: dict[str, audit.Audit]
) -> None:
    (again,) = audit.audit([fake(sickness, "blind")], shown, WIDE)
    assert again.to_json() == found["blind"].to_json()


def test_nulls_taken_for_devices_change_nothing(shown: Materials) -> None:
    material = shown.material
    turned = {
        kind: replace(plan, null=(plan.null + 1) % 3) for kind, plan in material.plans.items()
    }
    blind = fake(sickness)
    (one,) = showing.ask([blind], material)
    (other,) = showing.ask([blind], replace(material, plans=turned))
    trials = replace(one, device=one.null, null=other.null)
    verdict = judging.judge(material, trials, 0.0, margin=WIDE.margin)
    assert {k.verdict for k in verdict.kinds if k.kind in KINDS} == {"no_reliance"}


# --- what cannot be judged --------------------------------------------------------------------


def network(weights: np.ndarray, bias: float) -> Any:
    """A network that weighs the brightness of 8 by 8 parts of a film, which it sees up to 1."""
    entry = keras.Input((32, 32, 1))
    parts = keras.layers.Flatten()(keras.layers.AveragePooling2D(4)(entry))
    seen = keras.layers.ReLU(max_value=1.0)(parts)
    made = keras.Model(entry, keras.layers.Dense(1, activation="sigmoid")(seen))
    made.layers[-1].set_weights([weights.reshape(-1, 1), np.array([bias])])
    return made


@pytest.fixture(scope="module")
def weights(shown: Materials) -> tuple[np.ndarray, float]:
    """What tells the classes apart."""
    from sklearn.linear_model import LogisticRegression

    from xray.films.resize import resize

    films = resize(shown.films.astype(np.float32) / 255, (32, 32))
    parts = films.reshape(-1, 8, 4, 8, 4).mean(axis=(2, 4)).reshape(len(films), -1)
    sick = (shown.table["label"] == "PNEUMONIA").to_numpy()
    fitted = LogisticRegression(C=100, max_iter=2000).fit(parts, sick)
    return fitted.coef_[0], float(fitted.intercept_[0])


def card(name: str, scale: str = "unit") -> Card:
    return Card(name, size=(32, 32), scale=scale)


def test_untrained_reversed_and_wrongly_scaled_models_are_not_judged_and_say_why(
    shown: Materials, weights: tuple[np.ndarray, float]
) -> None:
    own, bias = weights
    models = [
        Model(card("untrained"), network(0 * own, 0.0)),
        Model(card("reversed"), network(-own, -bias)),
        Model(card("scale", "byte"), network(own, bias)),
        Model(card("good"), network(own, bias)),
    ]
    made = {each.model: each.verdict for each in audit.audit(models, shown)}
    for name in ("untrained", "reversed", "scale"):
        assert made[name].verdict == "cannot_be_judged"
        assert not made[name].kinds
    said = {name: " ".join(verdict.reasons) for name, verdict in made.items()}
    assert "untrained" in said["untrained"]
    assert "--positive-index 0" in said["reversed"]
    assert "--scale unit" in said["scale"]
    assert made["good"].verdict != "cannot_be_judged"


def test_films_of_one_class_judge_nobody(shown: Materials) -> None:
    table = shown.table.assign(label="NORMAL")
    plain = replace(shown.material, table=shown.material.table.assign(label="NORMAL"))
    (made,) = audit.audit([fake(sickness)], replace(shown, table=table, material=plain))
    assert made.verdict.verdict == "cannot_be_judged"
    assert "one class" in made.verdict.reasons[0]
    value = json.loads(json.dumps(made.to_json(), allow_nan=False))
    assert value["score"] is None and value["auroc"] is None and value["called"] is not None


class Broken(Fake):
    """A model that fails when it is asked."""

    def log_odds_prepared(self, *_: Any, **__: Any) -> Any:
        raise ModelError("It gave numbers outside [0, 1]; say --output logit.")


def test_one_that_fails_does_not_stop_the_others(shown: Materials) -> None:
    models = [Broken(sickness, Card("broken", size=SIZE)), fake(sickness, "blind")]
    broken, blind = audit.audit(models, shown, WIDE)
    assert (broken.model, broken.verdict.verdict) == ("broken", "cannot_be_judged")
    assert "--output logit" in broken.verdict.reasons[0]
    assert blind.model == "blind" and blind.verdict.kinds


class Late(Broken):
    """Answers for films as they are, and fails at the first with a wire on it."""

    def log_odds_prepared(self, films: Any, **_: Any) -> Any:
        if any(wires(film) > 0 and sickness(film) < 0 for film in films):
            return super().log_odds_prepared(films)
        return np.array([sickness(film) for film in films])


def test_one_that_fails_at_a_late_film_does_not_stop_the_others(
    shown: Materials, found: dict[str, audit.Audit]
) -> None:
    models = [Late(sickness, Card("late", size=SIZE)), fake(sickness, "blind")]
    late, blind = audit.audit(models, shown, WIDE)
    assert late.verdict.verdict == "cannot_be_judged" and late.model == "late"
    assert "--output logit" in late.verdict.reasons[0]
    assert blind.verdict.kinds == found["blind"].verdict.kinds


def test_what_is_missing_is_told_the_right_way_round(shown: Materials) -> None:
    bare = replace(shown.material, plans={})
    none = replace(shown.material, recipients=np.empty(0, int))
    for material, said in ((bare, "No device could be cut"), (none, "Films without devices")):
        (made,) = audit.audit([fake(sickness)], replace(shown, material=material), WIDE)
        assert made.verdict.verdict == "cannot_be_judged"
        assert made.verdict.reasons[0].startswith(said)


def test_what_reads_the_lungs_knows_nothing_where_they_are_hidden(
    found: dict[str, audit.Audit],
) -> None:
    strata = found["blind"].strata.query("metric == 'auroc'").set_index("stratum")["value"]
    assert strata["all but lungs hidden"] > 0.9 and strata["lungs hidden"] < 0.75


def test_films_that_a_model_was_trained_on_do_not_judge_it(shown: Materials) -> None:
    names = frozenset(shown.table["file"].str.rpartition("/")[2][:10])
    (made,) = audit.audit([fake(sickness)], shown, replace(WIDE, trained_on=names))
    value = made.to_json()
    assert value["left_out"] == 10 and not any("trained on is" in note for note in value["notes"])
    wrong = frozenset(name.partition(".")[0] for name in names)
    said = audit._notes(fake(sickness), shown, replace(WIDE, trained_on=wrong))
    assert any(note.startswith("None of the 10 names") for note in said)
    healthy = [r for r in value["effects"] if r["test"] == "insertion" and r["label"] == "NORMAL"]
    assert {row["films"] for row in healthy} == {15}
