"""The record: answers are kept and believed only of what would be shown; figures are right."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from xray.audits.judging import Cut, KindVerdict, Margin, Verdict
from xray.audits.known import record, specs
from xray.audits.known.specs import Spec
from xray.audits.showing import Trials
from xray.errors import ArtifactError
from xray.labels import devices
from xray.metrics import bootstrap
from xray.models.card import Card


def verdict(calls: float = 0.0, **kinds: tuple[str, float]) -> Verdict:
    effects = tuple(
        {
            "test": "insertion",
            "kind": kind,
            "label": label,
            "calls": calls,
            "calls_low": calls - 1,
            "calls_high": calls + 1,
        }
        for kind in kinds
        for label in ("NORMAL", "PNEUMONIA")
    )
    of_kind = tuple(KindVerdict(kind, *told) for kind, told in kinds.items())  # type: ignore[arg-type]
    cut = Cut(0.0, np.zeros(1))
    return Verdict(
        "inconclusive", "", 0.0, (), (0.9, 0.85, 0.95), 0.5, cut, Margin(), of_kind, effects
    )


def card(spec: Spec) -> Card:
    return Card(spec.name, spec.name, role="panel", settings=dict(spec.__dict__))


@pytest.mark.parametrize("part", record.PARTS)
def test_what_is_true_is_counted_at_the_threshold_itself(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = card(Spec("flat"))
    model: Any = SimpleNamespace(card=of)
    monkeypatch.setattr(record.answers, "content", lambda _: "abc")
    monkeypatch.setattr(record.truths, "stored", lambda *_: [model])
    monkeypatch.setattr(record.showing, "ask", lambda *_, **__: [Trials(np.zeros(2))])
    asked: list[bool] = []

    def judge(*_: Any, averaged: bool) -> Verdict:
        asked.append(averaged)
        return verdict()

    monkeypatch.setattr(record.judging, "judge", judge)
    bench: Any = SimpleNamespace(material=lambda *_: None)
    assert list(record.ask(bench, part, tmp_path, None, [of])) == [of.name]
    assert asked == [part != "truth"], "however the audit counts"
    # Asked once; anew where the network is read otherwise or something else is shown.
    monkeypatch.setattr(record.showing, "ask", None)
    assert list(record.ask(bench, part, tmp_path, None, [of])) == [of.name]
    with pytest.raises(TypeError):
        record.ask(bench, part, tmp_path, None, [replace(of, scale="byte")])
    monkeypatch.setattr(record.answers, "content", lambda _: "abd")
    with pytest.raises(TypeError):
        record.ask(bench, part, tmp_path, None, [of])


def test_a_row_names_truth_and_verdict_of_each_kind() -> None:
    spec = Spec("flat", "line")
    known = {spec.name: verdict(8.0, line=("reads_devices", 2.7), tube=("no_reliance", 0.2))}
    audits = {spec.name: verdict(0.0, line=("inconclusive", 1.2), tube=("no_reliance", -0.1))}
    table = record.rows(known, audits, [card(spec), card(Spec("peak"))])
    assert table["network"].tolist() == [spec.name] * 2
    line = table.set_index("kind").loc["line"]
    assert (line["truth"], line["verdict"]) == ("reliant", "inconclusive")
    assert (line["truth_calls"], line["truth_low"], line["truth_high"]) == (8.0, 7.0, 9.0)
    assert line["meaning"] == "line" and line["architecture"] == "flat"
    assert table.set_index("kind").loc["tube", "truth"] == "clean"


def panel(**told: list[tuple[str, str, float]]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = [
        {"network": f"n{i}", "kind": kind, "truth": truth, "verdict": word, "score": score}
        for kind, of_kind in told.items()
        for i, (truth, word, score) in enumerate(of_kind)
    ]
    return pd.DataFrame(rows)


def test_the_figures_of_a_kind_count_what_they_say() -> None:
    found = record.quality(
        panel(
            line=[
                ("reliant", "reads_devices", -3.0),
                ("reliant", "inconclusive", 0.5),
                ("clean", "no_reliance", 0.4),
                ("clean", "reads_devices", 1.5),
                ("clean", "no_reliance", -0.6),
                ("open", "reads_devices", 9.0),
            ],
            tube=[("clean", "no_reliance", 0.1)],
        )
    ).set_index(["kind", "measure"])
    line = found.loc["line"]
    # Of six pairs the size of the score orders four: 3 above all, 0.5 above 0.4 alone.
    assert line.loc["auroc", "value"] == pytest.approx(4 / 6)
    assert line.loc["auroc", "n"] == 5
    assert line.loc["detection", ["value", "n"]].tolist() == [0.5, 2]
    assert line.loc["false_alarms", "value"] == pytest.approx(1 / 3)
    assert line.loc["undecided", "value"] == pytest.approx(1 / 5)
    assert tuple(line.loc["false_alarms", ["low", "high"]]) == bootstrap.wilson(1, 3)
    assert np.isnan(found.loc[("tube", "detection"), "value"])
    assert np.isnan(found.loc[("tube", "auroc"), "value"])
    every = found.loc[""]
    assert every.loc["detection", "n"] == 2 and every.loc["false_alarms", "n"] == 4
    assert every.loc["false_alarms", "value"] == pytest.approx(1 / 4)
    assert every.loc["false_alarms", "low"] < 1 / 4 < every.loc["false_alarms", "high"]
    with pytest.raises(ArtifactError, match="panel"):
        record.quality(pd.DataFrame())


def test_agreement_tells_other_words_from_opposite_ones() -> None:
    first = {
        "a": verdict(line=("reads_devices", 2.0)),
        "b": verdict(line=("no_reliance", 0.1)),
        "c": verdict(line=("inconclusive", 1.0)),
        "d": verdict(line=("cannot_be_judged", 0.0)),
    }
    again = {
        "a": verdict(line=("no_reliance", 0.5)),
        "b": verdict(line=("no_reliance", 0.3)),
        "c": verdict(line=("reads_devices", 1.6)),
        "d": verdict(line=("no_reliance", 0.0)),
    }
    row = record.agreement(first, again, "seed").set_index("kind").loc["line"]
    assert (row["pairs"], row["same"], row["against"]) == (3, pytest.approx(1 / 3), 1)
    assert row["decided"] == 2
    assert row["difference"] == pytest.approx((-1.5 + 0.2 + 0.6) / 3)


def test_electrodes_are_told_by_their_look_on_all_films_or_on_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is planted stays as it was: networks that were taught with it are there."""
    left_out: list[set[str]] = []

    def held_out(table: pd.DataFrame, donors: list[str]) -> pd.Series:
        left_out.append(set(donors))
        return pd.Series("", index=table.index)

    monkeypatch.setattr(specs, "marked", lambda table: table)
    monkeypatch.setattr(specs, "held_out", held_out)
    films = np.zeros((1, 4, 4), np.uint8)
    table = pd.DataFrame({"file": ["train/NORMAL/a.png"]})
    plain, by_look = (record.bench(films, table, way) for way in (False, True))
    assert plain.first == devices.stored_geometry() and plain.anew == devices.second()
    assert by_look.first.keys() == plain.first.keys() and by_look.first != plain.first
    assert set(by_look.anew) > set(plain.anew) and not set(by_look.anew) & set(plain.first)
    assert by_look.second == plain.second
    assert left_out == [set(plain.anew), set(by_look.anew)]
