"""A blind check: balanced, without a trace of the answer, and counted rightly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from xray.commands.main import main
from xray.errors import LabelError
from xray.labels import check, devices
from xray.metrics import bootstrap
from xray.reports import label_card


def labels(films: int = 40) -> pd.DataFrame:
    sure = np.tile([0.9, 0.02, 0.4, 0.05], films // 4)
    table = pd.DataFrame({"confidence": sure}, index=[f"test/NORMAL/{i}.png" for i in range(films)])
    for place, kind in enumerate(devices.KINDS):
        table[kind] = np.where(np.arange(films) % 5 == place, sure, 0.0)
    return table


def test_half_of_the_films_show_a_device_and_no_guess_is_drawn() -> None:
    table = labels()
    chosen = check.draw(table, table.index.tolist(), 12, seed=3)
    assert (chosen["confidence"] >= 0.5).sum() == (chosen["confidence"] < 0.3).sum() == 6
    assert chosen["film"].tolist() == list(range(1, 13)) and chosen["file"].is_unique
    assert (chosen["confidence"].diff().fillna(0) != 0).any()
    pd.testing.assert_frame_equal(chosen, check.draw(table, table.index.tolist()[::-1], 12, 3))
    with pytest.raises(LabelError, match="fewer films"):
        check.draw(table, table.index.tolist(), 60)


def filled(chosen: pd.DataFrame, **answers: Any) -> pd.DataFrame:
    sheet = pd.DataFrame({"film": chosen["film"]} | dict.fromkeys((*check.ASKED, "remark"), "0"))
    return sheet.assign(**answers)


def test_what_came_back_is_counted_for_yes_and_for_no() -> None:
    table = labels()
    chosen = check.draw(table, table.index.tolist(), 12)
    sees = np.where(chosen["confidence"] >= 0.5, "1", "0").astype(object)
    yes, no = np.flatnonzero(sees == "1"), np.flatnonzero(sees == "0")
    sees[yes[0]], sees[yes[1]], sees[no[2]] = "0", "", "1"
    found = check.count(filled(chosen, **{check.ANY: sees}), chosen)
    told = found[found["what"] == check.ANY].set_index("label")
    assert told.loc["yes", ["films", "agree", "unanswered"]].tolist() == [5, 4, 1]
    assert told.loc["no", "films"] == 6
    assert tuple(told.loc["yes", ["low", "high"]]) == bootstrap.wilson(4, 5)
    # Sheets come back as numbers, and in any order.
    again = filled(chosen, **{check.ANY: pd.to_numeric(sees)}).sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(check.count(again, chosen), found)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda sheet: sheet.drop(columns="tube"), "no column 'tube'"),
        (lambda sheet: sheet.assign(line="maybe"), "'maybe'"),
        (lambda sheet: sheet.iloc[1:], "other films"),
        (lambda sheet: sheet.assign(film="x"), "other films"),
    ],
)
def test_a_sheet_that_cannot_be_counted_is_refused(change: Any, match: str) -> None:
    table = labels()
    chosen = check.draw(table, table.index.tolist(), 4)
    with pytest.raises(LabelError, match=match):
        check.count(change(filled(chosen)), chosen)


def test_the_command_writes_a_sheet_that_tells_nothing_and_the_card_what_came_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    table = labels(16)
    for file in table.index:
        path = tmp_path / "data" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (40, 60), np.uint8)).save(path)
    monkeypatch.setattr(devices, "load", lambda: table)
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path / "artifacts"))
    out = tmp_path / "sheet"
    asked = ["label", "--sample", "4", "--out", str(out), "--data", str(tmp_path / "data")]
    assert main(asked) == 0
    names = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert names == ["HOW.txt", *(f"films/00{i}.jpg" for i in (1, 2, 3, 4)), "sheet.csv"]
    given = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    assert b"NORMAL" not in given and b"0.9" not in (out / "sheet.csv").read_bytes()
    assert main(asked) == 2 and "not empty" in capsys.readouterr().err
    key = tmp_path / "sheet-key.csv"
    filled(pd.read_csv(key)).to_csv(out / "sheet.csv", index=False)
    back = ["label", "--checked", str(out / "sheet.csv")]
    assert main(back) == 2 and "--key" in capsys.readouterr().err
    assert "--sample 100" in label_card._checked()
    assert main([*back, "--key", str(key)]) == 0
    assert "| any device | yes | 2 | 0% (0% to 66%) |" in label_card._checked()


def test_a_sheet_that_nobody_filled_in_is_no_check() -> None:
    table = labels()
    chosen = check.draw(table, table.index.tolist(), 12)
    blank = filled(chosen, **dict.fromkeys(check.ASKED, ""))
    with pytest.raises(LabelError, match="No film of the sheet is filled in"):
        check.count(blank, chosen)
