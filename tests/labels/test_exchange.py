"""Labels as files and back, and what the audit makes of labels of one's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.labels.looks import look
from xray.audits import inputs
from xray.commands.main import main
from xray.environment import ROOT
from xray.labels import annotation, exchange, format
from xray.labels import devices as device_labels
from xray.labels.format import Row
from xray.labels.store import Store, opened
from xray.models import weak_spots
from xray.reports import label_card

COMMITTED = ROOT / "artifacts" / "devices" / "devices_test.jsonl"


@pytest.fixture
def store(labels_url: str) -> Iterator[Store]:
    with opened() as made:
        yield made


def test_the_committed_labels_go_in_and_come_out_byte_for_byte(
    labels_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
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


def test_the_committed_card_is_what_the_tables_say() -> None:
    card = label_card.markdown()
    assert (ROOT / "artifacts" / "devices" / label_card.FILE).read_text() == card
    table = device_labels.stored()
    assert f"({table['has_device'].sum():,} do)" in card
    assert "license: cc-by-4.0" in card
    assert "never checked" in card
    assert f"| any device | 96.3% | {device_labels.agreement().iloc[0]['kappa']:.2f} (" in card
