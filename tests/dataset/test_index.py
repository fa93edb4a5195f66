"""The table of a folder: facts, damage, what a second run reads, pixels, stored facts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from xray.dataset import facts, index, leakage, public_set
from xray.environment import ROOT
from xray.errors import DatasetError, Stopped
from xray.films import decode
from xray.films.resize import resize


@pytest.fixture
def folder(synthetic_folder: Path, tmp_path: Path) -> Path:
    """A copy of the synthetic dataset that a test may spoil."""
    return Path(shutil.copytree(synthetic_folder, tmp_path / "films"))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XRAY_CACHE", str(tmp_path / "cache"))
    yield


def some(folder: Path, n: int) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in (".png", ".jpeg"))[:n]


def test_facts_are_those_of_the_film(folder: Path) -> None:
    table = index.index(folder)
    assert list(table)[: len(index.COLUMNS)] == index.COLUMNS
    assert len(table) == 48 and table["file"].is_monotonic_increasing
    assert table["split"].value_counts().to_dict() == {"train": 24, "test": 16, "val": 8}
    for row in table.iloc[::7].to_dict("records"):
        film = decode.read(folder / row["path"])
        assert (row["width"], row["height"], row["mode"]) == (film.width, film.height, film.mode)
        assert row["sha256"] == film.sha256 and row["bytes"] == film.bytes
        assert row["mean"] == pytest.approx(film.pixels.mean(), abs=0.01)
        assert row["contrast"] == pytest.approx(film.pixels.std(), abs=0.01)
        assert row["error"] == ""


def test_jpeg_facts_agree_with_the_full_decode(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    smooth = Image.fromarray(rng.integers(0, 255, (12, 16), dtype=np.uint8))
    paths, truth = [], []
    for i, (mode, size, quality) in enumerate(
        [("L", (1280, 960), 96), ("RGB", (700, 500), 75), ("L", (240, 300), 50)]
    ):
        path = tmp_path / f"{i}.jpeg"
        smooth.resize(size, Image.Resampling.BICUBIC).convert(mode).save(path, quality=quality)
        paths.append(path)
        truth.append((*size, mode, quality))
    upright = Image.open(paths[0])
    exif = upright.getexif()
    exif[0x0112] = 6
    paths.append(tmp_path / "turned.jpeg")
    upright.save(paths[-1], exif=exif, quality=96)
    truth.append((960, 1280, "L", 96))
    for path, row, (width, height, mode, quality) in zip(
        paths, facts.measure([*map(str, paths)]), truth, strict=True
    ):
        assert (row["width"], row["height"], row["mode"]) == (width, height, mode)
        assert row["jpeg_quality"] == quality
        film = decode.read(path)
        copy = resize(film.pixels, (224, 224))
        assert row["mean"] == pytest.approx(copy.mean(), abs=0.004)
        assert row["contrast"] == pytest.approx(copy.std(), abs=0.004)
        assert row["coloured_score"] == 0


def test_damaged_films_are_listed_not_fatal(folder: Path) -> None:
    empty, truncated, junk, flat = some(folder, 4)
    empty.write_bytes(b"")
    truncated.write_bytes(truncated.read_bytes()[:900])
    junk.write_bytes(b"not an image at all")
    Image.new("L", (64, 64), 128).save(flat)
    found = index.build_index(folder)
    broken = found.table[found.table["error"] != ""]
    expected = {path.relative_to(folder).as_posix() for path in (empty, truncated, junk, flat)}
    assert set(broken["path"]) == expected
    assert broken["error"].str.len().min() > 20 and broken["width"].isna().all()
    assert any("4 of 48 films cannot be read" in warning for warning in found.warnings)
    assert len(index.usable(found.table)) == 44
    with pytest.raises(DatasetError, match="leave it out or restore it"):
        index.load_pixels(folder, broken, (32, 32))


def test_a_film_that_may_not_be_read_costs_only_itself(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (locked,) = some(folder, 1)
    really = open

    def refuse(path: object, *arguments: object, **options: object) -> object:
        if Path(str(path)) == locked:
            raise PermissionError(13, "Permission denied")
        return really(path, *arguments, **options)  # type: ignore[call-overload]

    # Permissions do not bind the superuser that many containers run tests as.
    monkeypatch.setattr("builtins.open", refuse)
    table = index.index(folder).set_index("path")
    row = table.loc[locked.relative_to(folder).as_posix()]
    assert row["error"] == (
        f"{locked.name} cannot be opened (Permission denied); check that it may be read."
    )
    assert np.isnan(row["width"]) and row["sha256"] == ""
    assert table["error"].ne("").sum() == 1
    monkeypatch.undo()
    monkeypatch.setenv("XRAY_CACHE", str(folder.parent / "cache"))
    assert index.index(folder, refresh=True)["error"].eq("").all(), "readable again, read again"


def test_everything_wrong_at_once_leaves_the_rest(folder: Path) -> None:
    """Loops, names in any script, empty and cut films: a sentence each, and 48 films less three."""
    train = folder / "train" / "NORMAL"
    empty, cut, renamed, *_ = sorted(train.iterdir())
    empty.write_bytes(b"")
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    renamed.rename(train / f"胸部 рентген é 😀{renamed.suffix}")
    (folder / "train" / "again").symlink_to(folder)
    (train / "self").symlink_to(train / "self")
    (train / "gone.jpeg").symlink_to(folder / "nowhere.jpeg")
    found = index.build_index(folder)
    table = found.table.set_index("name")
    assert len(table) == 49
    problems = table.loc[table["error"] != "", "error"]
    assert set(problems.index) == {empty.name, cut.name, "gone.jpeg"}
    assert "check the link" in problems["gone.jpeg"]
    assert table.loc[f"胸部 рентген é 😀{renamed.suffix}", "error"] == ""
    assert any("leads to a folder already listed" in warning for warning in found.warnings)
    pixels = index.load_pixels(folder, index.usable(found.table), (16, 16))
    assert pixels.shape == (46, 16, 16)


def test_a_second_run_reads_only_what_changed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = index.build_index(folder)
    assert (first.read, first.reused) == (48, 0)
    again = index.build_index(folder)
    assert (again.read, again.reused) == (0, 48)
    pd.testing.assert_frame_equal(again.table, first.table)

    touched, changed, gone = some(folder, 3)
    os.utime(touched, (1, 1))
    Image.open(changed).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(changed)
    gone.unlink()
    shutil.copy(touched, touched.with_name(f"another{touched.suffix}"))
    measured: list[str] = []
    measure = facts.measure
    monkeypatch.setattr(facts, "measure", lambda paths: measured.extend(paths) or measure(paths))
    third = index.build_index(folder)
    assert {Path(path).name for path in measured} == {changed.name, f"another{touched.suffix}"}
    assert (third.read, third.reused) == (3, 45)
    monkeypatch.setattr(facts, "measure", measure)
    fresh = index.index(folder, refresh=True)
    pd.testing.assert_frame_equal(third.table, fresh)


def test_what_a_stopped_run_read_is_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "BATCH", 4)

    def stop(done: int, total: int) -> None:
        assert total == 48
        if done == 20:
            raise Stopped("enough")

    with pytest.raises(Stopped):
        index.index(folder, stop)
    resumed = index.build_index(folder)
    assert resumed.reused == 20 and resumed.read == 28


def test_a_damaged_cache_is_as_good_as_none(folder: Path, tmp_path: Path) -> None:
    table = index.index(folder)
    (cached,) = (tmp_path / "cache").glob("index-*.parquet")
    cached.write_bytes(b"PAR1 rubbish")
    again = index.build_index(folder)
    assert again.read == 48
    pd.testing.assert_frame_equal(again.table, table)


def test_one_class_and_missing_classes_are_warned_of(folder: Path) -> None:
    shutil.rmtree(folder / "val" / "NORMAL")
    assert "The val films hold no NORMAL." in index.build_index(folder).warnings
    for split in ("train", "test"):
        shutil.rmtree(folder / split / "NORMAL")
    assert any("Every film is PNEUMONIA" in w for w in index.build_index(folder).warnings)


def test_load_pixels_in_the_order_of_the_rows(folder: Path) -> None:
    table = index.index(folder).sample(frac=1, random_state=0).head(9)
    seen: list[tuple[int, int]] = []
    pixels = index.load_pixels(
        folder, table, (48, 64), "letterbox", lambda done, total: seen.append((done, total))
    )
    assert pixels.shape == (9, 48, 64) and pixels.dtype == np.float32
    assert seen == [(i, 9) for i in range(1, 10)]
    for i, path in enumerate(table["path"]):
        film = decode.read(folder / path)
        assert np.array_equal(pixels[i], resize(film.pixels, (48, 64), "letterbox"))


def test_stored_facts_of_the_public_set() -> None:
    table = public_set.read()
    assert len(table) == 5856 and table["file"].is_unique
    assert not set(index.COLUMNS) - set(table)
    by_label = table.groupby("label")[["width", "height"]].mean().round()
    assert table[["width", "height"]].mean().round().tolist() == [1328, 971]
    assert by_label.loc["NORMAL"].tolist() == [1686, 1379]
    assert by_label.loc["PNEUMONIA"].tolist() == [1195, 819]
    coloured = table[table["mode"] == "RGB"]
    assert len(coloured) == 283
    assert set(coloured["split"]) == {"train"} and set(coloured["label"]) == {"PNEUMONIA"}
    assert table["phash"].str.fullmatch("[0-9a-f]{16}").all()
    assert len(set(leakage.identical(table))) == 31


def test_runs_side_by_side_leave_the_process_as_it_was() -> None:
    before = cv2.getNumThreads(), sys.getswitchinterval()
    first, second = index.alone(), index.alone()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert (cv2.getNumThreads(), sys.getswitchinterval()) == (1, index.PATIENCE)
    second.__exit__(None, None, None)
    assert (cv2.getNumThreads(), sys.getswitchinterval()) == before


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_forked_processes_measure_what_threads_measure(folder: Path, tmp_path: Path) -> None:
    script = (
        "import os, sys\n"
        "from xray.dataset import facts, index\n"
        "mother, measure = os.getpid(), facts.measure\n"
        "def told(paths):\n"
        "    assert os.getpid() != mother\n"
        "    return measure(paths)\n"
        "facts.measure, index.MANY, index.BATCH = told, 1, 3\n"
        "index.index(__import__('pathlib').Path(sys.argv[1])).to_parquet(sys.argv[2])\n"
    )
    made = tmp_path / "made.parquet"
    subprocess.run(
        [sys.executable, "-c", script, folder, made],
        check=True,
        cwd=ROOT,
        env={**os.environ, "XRAY_CACHE": str(tmp_path / "cache")},
    )
    here = index.index(folder, refresh=True)
    pd.testing.assert_frame_equal(pd.read_parquet(made), here, check_dtype=False)


def test_a_cache_that_cannot_be_written_costs_time_alone(
    synthetic_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = index.build_index(synthetic_folder).table

    def refused(*_: object) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr(index, "write_table", refused)
    made = index.build_index(synthetic_folder, refresh=True)
    assert made.read == len(usual)
    pd.testing.assert_frame_equal(made.table, usual)
