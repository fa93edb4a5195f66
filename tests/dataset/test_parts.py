"""Tables in parts hold what ``index`` gives, and leave out what it leaves out."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from xray import parquet
from xray.dataset import index, listing, parts
from xray.dataset.scan import COPIES, IN_BOTH
from xray.dataset.tables import asking
from xray.errors import DatasetError


def test_a_table_in_parts_holds_what_index_gives(synthetic_folder: Path, tmp_path: Path) -> None:
    whole = index.index(synthetic_folder).set_index("file").sort_index()
    folder = tmp_path / "films.parquet"
    found = parts.build(synthetic_folder, folder)
    assert found["rows"] == len(whole)
    assert sum(row["rows"] for row in found["counts"]) == len(whole)
    table = parquet.read(folder).set_index("file").sort_index()
    pd.testing.assert_frame_equal(
        table[whole.columns], whole, check_dtype=False, check_categorical=False
    )
    assert parquet.count(folder, {"split": ["test"]}) == whole["split"].eq("test").sum()


@pytest.mark.parametrize("table", [False, True], ids=["folder", "table"])
def test_a_table_in_parts_leaves_out_what_index_leaves_out(
    synthetic_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: bool
) -> None:
    """Copies, films in both classes, two films of one name, and what cannot be read."""
    home = Path(shutil.copytree(synthetic_folder, tmp_path / "films"))
    some = sorted((home / "train" / "NORMAL").iterdir())
    others = sorted((home / "test" / "PNEUMONIA").iterdir())
    shutil.copy(some[0], home / "test" / "PNEUMONIA" / "again.jpeg")
    shutil.copy(some[0], home / "val" / "NORMAL" / "again.jpeg")
    shutil.copy(some[1], home / "train" / "NORMAL" / "twice.jpeg")
    for label, name in (("PNEUMONIA", "broken"), ("PNEUMONIA", "lost"), ("NORMAL", "lost")):
        (home / "val" / label / f"{name}.jpeg").write_bytes(name.encode())
    for name, film in (("copy", some[2]), ("site", some[3])):
        (home / name / "train" / "NORMAL").mkdir(parents=True)
        shutil.copy(film, home / name / "train" / "NORMAL" / some[2].name)
    shutil.copytree(home / "site", home / "third")
    if table:
        films = [path for path in home.rglob("*.jpeg") if path != others[0]]
        rows = [f"{path.relative_to(home).as_posix()},{path.parent.name}" for path in films]
        (home / "list.csv").write_text("\n".join(["path,label", *rows]), encoding="utf-8")
        listed = asking.listing(home, "list.csv", asking.Question())
        assert listed is not None
        listing.remember(home, listed, listed.classes)
    monkeypatch.setattr(parquet, "PART", 5)
    whole = index.build_index(home)
    made = tmp_path / "films.parquet"
    found = parts.build(home, made)
    left = {each.reason: (each.count, each.examples) for each in whole.left_out}
    assert left[IN_BOTH][0] == 5 and (table or left[COPIES][0] == 2)
    assert {each["reason"]: each["count"] for each in found["left_out"]} == {
        reason: count for reason, (count, _) in left.items()
    }
    assert {each["reason"]: tuple(each["examples"]) for each in found["left_out"]} == {
        reason: examples for reason, (_, examples) in left.items()
    }
    assert found["unit"] == whole.unit == ("row" if table else "file")
    lost = sum(count for count, _ in left.values())
    assert found["seen"] == whole.seen == found["rows"] + lost
    assert sum(row["rows"] for row in found["counts"]) == len(whole.table) == found["rows"]
    expected = whole.table.set_index("file").sort_index()
    for rows_of in (parquet.read(made), parquet.sample(made)):
        given = rows_of.set_index("file").sort_index()
        pd.testing.assert_frame_equal(given[expected.columns], expected, check_dtype=False)
    assert any("1 of" in each and "cannot be read" in each for each in found["warnings"])
    assert any("not used, as no row" in each for each in found["warnings"]) is table


def test_a_table_in_parts_of_films_in_both_classes_alone_is_none(tmp_path: Path) -> None:
    for label in ("NORMAL", "PNEUMONIA"):
        (tmp_path / label).mkdir()
        for side in (40, 90):
            cv2.imwrite(str(tmp_path / label / f"{side}.png"), np.full((side, side), 9, np.uint8))
    with pytest.raises(DatasetError, match="byte for byte in both classes"):
        parts.build(tmp_path, tmp_path / "films.parquet")
    assert not (tmp_path / "films.parquet").exists()
