"""Device labels: read, drawn as masks, and counted for agreement."""

from pathlib import Path

import numpy as np
import pytest

from xray.errors import ArtifactError
from xray.labels import devices


def look(kind: str, geometry: list, confidence: float = 0.9) -> dict:
    return {"devices": [{"kind": kind, "geometry": geometry, "confidence": confidence}]}


def test_table_covers_every_film_and_its_flag_follows_the_confidence() -> None:
    table = devices.load()
    assert len(table) == 5856
    assert table.index.is_unique
    assert "test/PNEUMONIA/person1_virus_6.jpeg" in table.index
    assert (table["has_device"] == (table["confidence"] >= 0.5)).all()
    assert table[list(devices.KINDS)].to_numpy().max() <= 1


def test_changing_the_returned_table_does_not_change_the_next_one() -> None:
    first = devices.load()
    first["line"] = 7.0
    assert devices.load()["line"].max() <= 1


def test_geometry_covers_the_test_split_with_two_looks_each() -> None:
    geometry = devices.load_geometry()
    test = devices.load().query("split == 'test'")
    assert set(geometry) == set(test.index)
    assert {len(looks) for looks in geometry.values()} == {2}


@pytest.mark.parametrize("size", [(64, 64), (224, 224), (300, 500)])
def test_masks_lie_where_the_geometry_says_at_any_size(size: tuple[int, int]) -> None:
    height, width = size
    box = devices.mask([look("other", [2, 4, 6, 9])], size)
    assert box.shape == size
    assert abs(box.mean() - 0.4 * 0.5) < 0.03
    rows, columns = np.nonzero(box)
    assert abs(rows.mean() / height - 0.65) < 0.02
    assert abs(columns.mean() / width - 0.4) < 0.02
    line = devices.mask([look("tube", [[5, 0], [5, 10]])], size)
    assert line[:, width // 2].all()
    assert line.mean() < 0.08
    disc = devices.mask([look("electrode", [5, 5, 1])], size)
    assert disc[height // 2, width // 2]
    assert 0.02 < disc.mean() < 0.06


def test_confidence_and_kind_choose_and_looks_join_or_agree() -> None:
    sure, unsure = look("other", [0, 0, 5, 10]), look("support", [4, 0, 10, 10], 0.3)
    assert devices.mask([unsure], (50, 50)).sum() == 0
    assert devices.mask([sure], (50, 50), kinds=["tube"]).sum() == 0
    joined = devices.mask([sure, unsure], (50, 50), min_confidence=0.2)
    agreed = devices.mask([sure, unsure], (50, 50), min_confidence=0.2, agreed=True)
    assert joined.mean() == 1
    assert abs(agreed.mean() - 0.1) < 0.03
    assert devices.mask([], (50, 50)).sum() == 0


def test_agreement_is_what_the_readme_states() -> None:
    table = devices.agreement().set_index("what")
    assert round(table.loc["any device", "kappa"], 2) == 0.92
    assert round(table.loc["any device", "agreement"], 2) == 0.96
    assert round(table.loc["any device", "iou"], 2) == 0.66
    assert round(table.loc["support", "kappa"], 2) == 0.83
    assert round(table.loc["burned-in text", "kappa"], 2) == 0.98


def test_kappa_of_known_tables() -> None:
    yes, no = np.ones(10, bool), np.zeros(10, bool)
    half = np.arange(10) < 5
    assert devices.kappa(half, half) == 1
    assert devices.kappa(half, ~half) == -1
    assert np.isnan(devices.kappa(yes, yes))
    assert devices.kappa(half, no) == 0


def test_missing_and_damaged_files_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path))
    with pytest.raises(ArtifactError, match="missing"):
        devices.load()
    with pytest.raises(ArtifactError, match="missing"):
        devices.load_geometry()
    (tmp_path / "devices").mkdir()
    (tmp_path / "devices" / "devices.csv").write_text("file,split\na,b\n")
    (tmp_path / "devices" / "devices_test.jsonl").write_text("{oops\n")
    with pytest.raises(ArtifactError, match="lacks the columns"):
        devices.load()
    with pytest.raises(ArtifactError, match="damaged"):
        devices.load_geometry()
