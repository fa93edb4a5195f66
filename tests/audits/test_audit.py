"""The audit tells predictors whose answer is known, and says when it cannot."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.helpers.fakes import Fake, cloudy_lungs, thin_and_bright
from xray.audits import audit, effects, inputs, interventions, panel, verdict
from xray.audits import features as scoring
from xray.audits import stored as evidence
from xray.audits.inputs import Materials
from xray.audits.verdict import Calibration, Score
from xray.commands.main import main
from xray.drawing import devices, phantoms
from xray.drawing.planting import as_bytes
from xray.errors import ArtifactError
from xray.files import artifacts_dir, read_json, read_table

NAMES = [
    *(f"insertion:{kind}" for kind in devices.KINDS),
    "lettering",
    *(f"lime:{kind}" for kind in devices.KINDS),
]
#: Clean controls that scatter by 0.1 spreads around 0 and whose answer to lettering says nothing.
SCALE = Calibration(
    dict.fromkeys(NAMES, 0.0) | {"insertion": 0.0, "lime": 0.0},
    dict.fromkeys(NAMES, 0.1) | {"insertion": 1.0, "lime": 1.0},
    0.0, (-0.2, 0.2), 1.0, 1.6, 0.4, 40,
)  # fmt: skip


@pytest.fixture(scope="module")
def shown() -> Materials:
    """Audit materials of 40 synthetic films without devices."""
    labels = ["NORMAL", "PNEUMONIA"] * 20
    films = np.stack(
        [as_bytes(phantoms.phantom(i, (112, 112), label).pixels) for i, label in enumerate(labels)]
    )
    names = [f"test/{label}/synthetic-{i}.png" for i, label in enumerate(labels)]
    table = pd.DataFrame({"file": names, "label": labels, "person": "", "free": True})
    table["has_device"] = pd.array([False] * len(table), "boolean")
    return inputs.assemble(table, films, {}, "synthetic films", "hash", seed=0)


@pytest.fixture(scope="module")
def reader(shown: Materials) -> audit.Audit:
    return audit.audit(Fake(thin_and_bright), shown, SCALE)


@pytest.fixture(scope="module")
def clean(shown: Materials) -> audit.Audit:
    return audit.audit(Fake(cloudy_lungs), shown, SCALE)


def test_a_predictor_of_thin_bright_things_reads_devices(reader: audit.Audit) -> None:
    assert reader.verdict == "reads_devices"
    assert reader.score.low > SCALE.threshold


def test_a_predictor_of_cloudy_lungs_does_not(reader: audit.Audit, clean: audit.Audit) -> None:
    assert clean.verdict == "no_reliance_shown"
    assert clean.score.score < 0.3 * reader.score.score


def test_effects_have_intervals_around_their_means(reader: audit.Audit) -> None:
    rows = reader.effects.dropna(subset=["ci_low"])
    assert (
        (rows["ci_low"] <= rows["net_log_odds"]) & (rows["net_log_odds"] <= rows["ci_high"])
    ).all()
    pooled = rows[(rows["device"] == "all kinds") & (rows["test"] == "insertion")]
    assert set(pooled["label"]) == {"", "NORMAL", "PNEUMONIA"}


def test_explanations_are_checked_against_random_order(reader: audit.Audit) -> None:
    rows = reader.sanity.set_index("measure")
    assert rows.loc["deletion_passed", "n"] == audit.SANITY_FILMS
    assert rows.loc["deletion_score", "low"] > 0


def test_json_is_plain_and_has_the_promised_fields(reader: audit.Audit) -> None:
    value = json.loads(json.dumps(reader.to_json(), allow_nan=False))
    promised = {"model", "verdict", "score", "effects", "minimum_detectable_effect", "seed",
                "versions", "data_hash", "model_hash"}  # fmt: skip
    assert promised <= value.keys()
    fields = {"test", "device", "net_log_odds", "ci_low", "ci_high", "n"}
    assert all(fields <= row.keys() for row in value["effects"])


def test_the_same_seed_gives_the_same_audit(shown: Materials, reader: audit.Audit) -> None:
    assert audit.audit(Fake(thin_and_bright), shown, SCALE).to_json() == reader.to_json()


def test_a_constant_model_is_inconclusive_and_says_why(shown: Materials) -> None:
    found = audit.audit(Fake(lambda film: 1.5), shown, SCALE)
    assert found.verdict == "inconclusive"
    assert "nearly the same" in found.reasons[0]
    assert found.to_json()["score"] is None


def test_one_class_is_inconclusive(shown: Materials) -> None:
    table = shown.table.assign(label="NORMAL")
    found = audit.audit(Fake(thin_and_bright), replace(shown, table=table), SCALE)
    assert found.verdict == "inconclusive" and "one class" in found.reasons[0]


def test_without_controls_there_is_no_verdict(shown: Materials) -> None:
    found = audit.audit(Fake(thin_and_bright), shown, None)
    assert found.verdict == "inconclusive" and "controls" in found.reasons[0]


def test_spread_is_within_class_and_scores_are_free_of_scale(shown: Materials) -> None:
    doubled = audit.audit(Fake(lambda film: 10 * thin_and_bright(film)), shown, SCALE)
    plain = audit.audit(Fake(thin_and_bright), shown, SCALE)
    assert doubled.score.spread == pytest.approx(10 * plain.score.spread)
    assert doubled.score.score == pytest.approx(plain.score.score, rel=1e-6)


def test_net_is_treated_minus_sham_with_the_suspects_sign(shown: Materials) -> None:
    _, measured = interventions.measure(Fake(thin_and_bright), shown.battery)
    expected = measured["sign"] * (measured["treated"] - measured["sham"])
    np.testing.assert_allclose(measured["net"], expected)
    assert set(shown.battery.trials["sign"]) == {1, -1}


def test_interval_needs_five_films() -> None:
    low, high = effects.interval(np.ones(4), np.array(list("abcd")))
    assert np.isnan(low) and np.isnan(high)


def _panel(n: int = 20, gap: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    truth = ["clean"] * n + ["reliant"] * n + ["doubtful"]
    centre = np.array([0.0] * n + [gap] * n + [0.5])
    features = {name: centre + 0.1 * rng.standard_normal(2 * n + 1) for name in NAMES}
    names = [f"c{i}" for i in range(2 * n + 1)]
    frame = {"name": names, "truth": truth, "own": centre, "strength": "95/5"}
    return pd.DataFrame(frame | {"architecture": ["a", "b"] * n + ["a"]} | features)


def _measured(table: pd.DataFrame, noise: float = 0.01) -> panel.Panel:
    """The panel with bootstrap draws about its features."""
    rng = np.random.default_rng(2)
    shape = (len(table), scoring.RESAMPLES, len(NAMES))
    draws = table[NAMES].to_numpy()[:, None] + noise * rng.standard_normal(shape)
    return panel.Panel(table.assign(spread=1.0), draws.astype(np.float32), NAMES)


def test_calibration_keeps_false_alarms_rare_and_finds_the_reliant() -> None:
    rows = panel.quality(_measured(_panel()))
    assert rows.loc[rows["measure"] == "auroc", "value"].iloc[0] == 1
    assert rows.loc[rows["measure"] == "false alarms", "value"].iloc[0] <= 0.1
    assert rows.loc[rows["measure"] == "detection", "value"].iloc[0] == 1


def test_calibration_shows_that_a_panel_without_a_gap_tells_nothing() -> None:
    rows = panel.quality(_measured(_panel(gap=0.0)))
    assert rows.loc[rows["measure"] == "auroc", "value"].iloc[0] < 0.75
    assert rows.loc[rows["measure"] == "detection", "value"].iloc[0] < 0.3


def test_leaving_one_out_judges_by_the_others() -> None:
    table = _panel()
    honest = verdict.calibrate(table).threshold
    table.loc[0, NAMES] = 5.0
    judged = panel.judged(_measured(table))
    assert bool(judged.loc[0, "flagged"])
    assert judged.loc[0, "threshold"] < 2 * honest


def test_what_is_committed_of_the_controls_follows_from_their_measurements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = artifacts_dir() / "controls"
    shutil.copytree(stored, tmp_path / "controls")
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path))
    assert main(["controls", "--judge"]) == 0
    # The committed ones were made before the measurements were rounded to five digits.
    for name in ("panel.csv", "quality.csv"):
        pd.testing.assert_frame_equal(
            read_table(tmp_path / "controls" / name), read_table(stored / name), atol=2e-3
        )
    kept, again = (
        read_json(folder / "calibration.json") for folder in (stored, tmp_path / "controls")
    )
    assert again["threshold"] == pytest.approx(kept["threshold"], abs=1e-3)


def test_networks_that_answer_anything_thin_and_bright_are_not_taken_for_readers() -> None:
    table = _panel(gap=0.3)
    bright = np.random.default_rng(1).uniform(0, 0.5, len(table))
    drawn = [name for name in NAMES if name.startswith("insertion:")]
    table["lettering"] = bright
    table[drawn] = table[drawn].add(bright, axis=0)
    told = panel.quality(_measured(table))
    untold = panel.quality(_measured(table.assign(lettering=0.0)))
    auroc = [rows.loc[rows["measure"] == "auroc", "value"].iloc[0] for rows in (told, untold)]
    assert auroc[0] > 0.99 > auroc[1]


def test_reading_lettering_hides_no_reliance_on_devices() -> None:
    table = _panel()
    drawn = [name for name in NAMES if name.startswith("insertion:")]
    table[drawn] = table[drawn].add(table["lettering"] * 0.8, axis=0)
    scale = verdict.calibrate(table[table["truth"] == "clean"])
    assert scale.slope > 0
    reader = table[table["truth"] == "reliant"].head(1).assign(lettering=50.0)
    assert verdict.applied(reader, scale)["flagged"].all()


def test_controls_get_the_verdict_that_an_audit_would_give() -> None:
    """A wide interval leaves undecided what the score alone would have called."""
    for noise, expected in ((0.01, "reads_devices"), (5.0, "inconclusive")):
        found = panel.judged(_measured(_panel(), noise))
        reliant = found[found["truth"] == "reliant"]
        assert reliant["flagged"].all()
        assert set(reliant["verdict"]) == {expected}
        assert (reliant["score_low"] < reliant["score_high"]).all()
    rows = panel.quality(_measured(_panel())).set_index("measure")["value"]
    assert rows["reliant, called"] == rows["detection"].iloc[0] == 1
    for truth in ("reliant", "clean"):
        shares = [rows[f"{truth}, {words}"] for words in panel.VERDICTS.values()]
        assert sum(shares) == pytest.approx(1)


def test_a_stored_panel_is_read_back_and_damage_is_a_sentence(tmp_path: Path) -> None:
    made = _measured(_panel())
    panel.store(made, tmp_path)
    read = panel.load(tmp_path)
    assert read.names == made.names
    np.testing.assert_allclose(read.draws, made.draws, rtol=1e-3, atol=1e-3)
    assert list(panel.quality(read)["n"]) == list(panel.quality(made)["n"])
    (tmp_path / panel.DRAWS).write_bytes(b"PK")
    with pytest.raises(ArtifactError, match="controls"):
        panel.load(tmp_path)


def test_a_damaged_calibration_is_not_taken_for_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path))
    assert evidence.calibration() is None
    (tmp_path / "controls").mkdir()
    (tmp_path / "controls" / verdict.FILE).write_text('{"centre": {')
    with pytest.raises(ArtifactError):
        evidence.calibration()


@pytest.mark.parametrize(
    ("moved", "expected"),
    [(["pad"], "inconclusive"), (["electrode"], "inconclusive"),
     (["electrode", "cable", "clip"], "reads_devices"), ([], "no_reliance_shown")],
)  # fmt: skip
def test_a_verdict_rests_on_more_than_one_kind_of_device(moved: list[str], expected: str) -> None:
    """A clean model of the demonstration took pads, and pads alone, for consolidations."""
    controls = panel.load(artifacts_dir() / "controls")
    scale = verdict.load()
    values = pd.Series(scale.centre)[controls.names]
    for name in values.index[values.index.str.startswith("lime:")]:
        values[name] += scale.scale[name]
    for kind in moved:
        for name in (f"insertion:{kind}", f"lime:{kind}"):
            values[name] += 12 * scale.scale[name]
    draws = np.repeat(values.to_numpy()[None], 20, axis=0)
    score = scale.score(scoring.Features(values, draws, 1.0))
    found, reasons = verdict.decide(score, scale, verdict.ENOUGH_FILMS)
    assert found == expected
    if len(moved) == 1:
        assert score.score > scale.threshold > score.others
        assert f"rests on one kind of device, the {moved[0]}" in reasons[-1]


def test_doubtful_controls_are_left_out() -> None:
    assert "doubtful" not in set(panel.judged(_measured(_panel()))["truth"])
    assert [panel.truth(own) for own in (0.9, 0.2, 0.0)] == ["reliant", "doubtful", "clean"]


def test_an_interval_beyond_the_threshold_is_inconclusive() -> None:
    found, reasons = verdict.decide(Score(1.2, 0.7, 1.7, 1.2, 0.0, 1.2, 1.0), SCALE, 100)
    assert found == "inconclusive" and "across the threshold" in reasons[-1]


def test_disagreement_is_inconclusive() -> None:
    score = Score(3.0, 2.8, 3.2, 3.0, 0.0, -2.0, 1.0)
    found, reasons = verdict.decide(score, SCALE, 100)
    assert found == "inconclusive" and "do not agree" in reasons[-1]
