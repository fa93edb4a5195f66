"""Labels as files and back, the queue's order, and what the audit makes of labels of one's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from xray.audits import inputs
from xray.commands.main import main
from xray.environment import ROOT
from xray.errors import LabelError
from xray.labels import annotation, exchange, format, priorities
from xray.labels import devices as device_labels
from xray.labels.format import KINDS, Row
from xray.labels.store import Store, opened
from xray.models import weak_spots
from xray.reports import label_card

COMMITTED = ROOT / "artifacts" / "devices" / "devices_test.jsonl"


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path / 'labels.sqlite'}"
    monkeypatch.setenv("XRAY_LABELS", url)
    return url


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with opened() as made:
        yield made


def look(kind: str = "", shape: object = None, **more: object) -> dict[str, object]:
    devices = [{"kind": kind, "geometry": shape, "confidence": 1.0}] if kind else []
    return {"devices": devices, "tech_text": False, "quality": "ok", **more}


def test_the_committed_labels_go_in_and_come_out_byte_for_byte(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.jsonl"
    assert main(["label", "--import", str(COMMITTED), "--several"]) == 0
    assert "1,248 of 1,248 looks at 624 films were new" in capsys.readouterr().out
    assert main(["label", "--import", str(COMMITTED), "--several"]) == 0
    assert "0 of 1,248 looks" in capsys.readouterr().out, "entered again, nothing is doubled"
    assert main(["label", "--export", str(out)]) == 0
    assert out.read_bytes() == COMMITTED.read_bytes()
    found = tmp_path / "found.json"
    assert main(["label", "--agreement", "--json", str(found)]) == 0
    first = json.loads(found.read_text())["agreement"][0]
    stored = device_labels.agreement().iloc[0]
    assert first["kappa"] == pytest.approx(stored["kappa"])
    assert first["iou"] == pytest.approx(stored["iou"])


def test_splits_presence_and_agreed_looks_survive_the_round_trip(tmp_path: Path) -> None:
    rows = [
        Row("train/PNEUMONIA/a.jpeg", (look(present=[{"kind": "line", "confidence": 0.4}]),)),
        Row("test/NORMAL/b.jpeg", (look("electrode", [1, 2, 0.5]),), adjudicated=True),
    ]
    format.write(tmp_path / "x.jsonl", rows)
    assert format.read(tmp_path / "x.jsonl") == sorted(rows, key=lambda row: row.file)


@pytest.mark.parametrize(
    "line",
    [
        "{oops",
        '{"file": "a", "label": "NORMAL"}',
        '{"file": 1, "label": "NORMAL", "passes": []}',
        json.dumps({"file": "a", "label": "N", "passes": [look("spoon", [1, 2])]}),
        json.dumps({"file": "a", "label": "N", "passes": [look("tube", [[1, 2], [3, 40]])]}),
        json.dumps({"file": "a", "label": "N", "passes": [look("other", [1, 2, 3, "4"])]}),
        json.dumps({"file": "a", "label": "N", "passes": [look("other", [1, 2, 3, float("nan")])]}),
        json.dumps({"file": "a", "label": "N", "passes": [look(quality="good")]}),
    ],
)
def test_a_damaged_file_is_refused_with_its_line(line: str) -> None:
    good = json.dumps({"file": "g", "label": "N", "passes": []})
    with pytest.raises(LabelError, match="line 2"):
        format.parse([good, line])
    with pytest.raises(LabelError, match="second time"):
        format.parse([good, good])


def test_the_agreed_look_takes_the_place_of_those_it_decides(store: Store) -> None:
    file = "test/NORMAL/a.jpeg"
    row = Row(file, (look(), look("other", [1, 1, 3, 3])))
    exchange.enter(store, "c", [row], 0, {file}, others=lambda n: store.labeller(f"team {n}"))
    [(token, judge)] = {(t, store.labeller("Judge")) for _, t, *_ in store.finished("c")}
    final = store.adjudicate("c", token, judge)
    blind = [state for *_, state in store.finished("c")]
    store.change(final, annotation.copy(annotation.joined(blind)), "copy")
    assert [row.adjudicated for row in exchange.rows(store, "c")] == [False]
    store.change(final, annotation.finish(), "finish")
    [row] = exchange.rows(store, "c")
    assert row == Row(file, (look("other", [1, 1, 3, 3]),), adjudicated=True)
    [row] = exchange.rows(store, "c", agreed=False)
    assert len(row.passes) == 2


def test_doubt_comes_first() -> None:
    files = pd.Index(["sure", "device?", "models differ", "threshold", "nobody looked"])
    confidence = pd.Series([0.02, 0.5, 0.02, 0.02, np.nan], index=files)
    log_odds = {"a": np.array([9, 9, 9, 1.0, 9]), "b": np.array([9, 9, -9, 1.0, 9])}
    made = priorities.priorities(confidence, log_odds, {"a": 1.0, "b": 1.0})
    assert made.between(0, 1).all()
    assert made["sure"] == made.min() < 0.05
    assert made["device?"] == pytest.approx(0.5, abs=0.01)
    assert made["nobody looked"] == made["device?"]
    assert made["models differ"] == pytest.approx((2 * 0.04 + 1) / 4, abs=0.01)
    assert made["threshold"] == pytest.approx((2 * 0.04 + 1) / 4, abs=0.01)
    unseen = {"a": np.full(5, np.nan)}
    alone = priorities.priorities(confidence, unseen, {"a": 0.0})
    assert alone.tolist() == pytest.approx([0.04, 1, 0.04, 0.04, 1])


def test_two_looks_differ_by_kind_or_by_place() -> None:
    here, there = look("other", [0, 0, 3, 3]), look("other", [6, 6, 9, 9])
    assert priorities.difference([here, here]) == ""
    assert "where it lies" in priorities.difference([here, there])
    assert "whether other is there" in priorities.difference([here, look()])
    assert priorities.difference([look(), look()]) == ""
    table = priorities.agreement([(here, here), (look(), look()), (here, look())])
    row = table.set_index("what").loc["other"]
    assert (row["films"], row["both"], row["iou"]) == (3, 1, 1.0)
    assert row["kappa"] == pytest.approx(0.4)
    assert row["kappa_low"] <= row["kappa"] <= row["kappa_high"]


def test_ones_own_labels_reach_strata_and_masks(
    tmp_path: Path, synthetic_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of labels, as exported, is what the audit's films are chosen and cut by."""
    table = pd.read_csv(synthetic_folder / "synthetic.csv")
    test = table.loc[table["split"] == "test", "file"].tolist()
    box = look("other", [2, 2, 6, 6])
    own = tmp_path / "own.jsonl"
    format.write(own, [Row(test[0], (box, box)), Row(test[1], (look(), look()))])
    before = device_labels.load()
    assert test[0] not in before.index
    monkeypatch.setenv("XRAY_DEVICE_LABELS", str(own))
    after = device_labels.load()
    assert len(after) == len(before) + 2
    assert after.loc[test[0], ["has_device", "other", "passes"]].tolist() == [True, 1.0, 2]
    assert not after.loc[test[1], "has_device"]
    assert after.dtypes.to_dict() == before.dtypes.to_dict()
    groups = weak_spots.divide(pd.Series(test), facts(test), after)
    device = next(each for each in groups if each.name == "devices visible")
    assert device.member.tolist() == [True] + [False] * (len(test) - 1)
    assert device.known.sum() == 2
    looks, labels, sure = inputs.looks_of(pd.Series(test))
    worn = [file for file in test if any(each["devices"] for each in looks.get(file, ()))]
    assert worn == [test[0]]
    assert sure["confidence"].notna().sum() == 2 and sure["confidence"][0] >= 0.5
    assert labels.source == "XRAY_DEVICE_LABELS" and not labels.rendered
    assert "1 film" not in device_labels.provenance()
    assert "2 films were made by people" in device_labels.provenance()


def facts(files: list[str]) -> pd.DataFrame:
    """The least that strata are divided by."""
    table = pd.DataFrame({"file": files, "split": "test", "subtype": "", "person": ""})
    oddities = {name: 0.0 for name in ("height", "width", "mean")}
    from xray.dataset import outliers

    return table.assign(**oddities, mode="L", error="", **dict.fromkeys(outliers.STORED, 0.0))


def test_the_database_itself_and_the_artifacts_folder_are_read_too(
    store: Store, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = "test/PNEUMONIA/person1_virus_6.jpeg"
    monkeypatch.setenv("XRAY_DEVICE_LABELS", database)
    stored = device_labels.content()
    assert device_labels.load().equals(device_labels.stored())
    row = Row(file, (look("tube", [[5, 0], [5, 6]]),))
    exchange.enter(store, "public", [row], store.labeller("me"), {file})
    assert device_labels.content() != stored, "pages that remember see the change"
    assert device_labels.load_geometry()[file][0]["devices"][0]["kind"] == "tube"
    assert len(device_labels.load()) == len(device_labels.stored()), "a person's word replaces"
    monkeypatch.delenv("XRAY_DEVICE_LABELS")
    assert device_labels.load().equals(device_labels.stored())
    monkeypatch.setenv("XRAY_DEVICE_LABELS", str(tmp_path / "none.jsonl"))
    with pytest.raises(LabelError, match="cannot be read"):
        device_labels.load()


def test_presence_is_averaged_over_looks() -> None:
    sure = format.presence([look("tube", [[1, 1], [2, 2]]), look(tech_text=True)])
    assert sure["tube"] == sure["confidence"] == sure["tech_text"] == 0.5
    assert format.presence([])["confidence"] == 0
    seen = look(present=[{"kind": "line", "confidence": 0.4}])
    assert format.presence([seen]) == dict.fromkeys((*KINDS, "tech_text"), 0.0) | {
        "line": 0.4,
        "confidence": 0.4,
    }


def test_the_committed_card_is_what_the_tables_say() -> None:
    card = label_card.markdown()
    assert (ROOT / "artifacts" / "devices" / label_card.FILE).read_text() == card
    table = device_labels.stored()
    assert f"({table['has_device'].sum():,} do)" in card
    assert "license: cc-by-4.0" in card
    assert "never checked" in card
    assert f"| any device | 96.3% | {device_labels.agreement().iloc[0]['kappa']:.2f} (" in card
