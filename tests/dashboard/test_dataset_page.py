"""Which dataset is shown, and folders in a bad state: what all Dataset pages begin with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.dashboard.conftest import Opener
from tests.helpers.visits import SECTIONS, go, settle, through_app, words
from xray.environment import ROOT


@pytest.fixture(scope="module")
def other(synthetic_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of another name, a half as large."""
    home = tmp_path_factory.mktemp("place")
    for part in ("train", "test"):
        shutil.copytree(synthetic_folder / part, home / "клиника" / part)
    return home / "клиника"


@pytest.fixture(scope="module")
def bad_folder(synthetic_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One class, and everything that can be wrong with a folder at once."""
    folder = tmp_path_factory.mktemp("bad") / "films"
    shutil.copytree(synthetic_folder / "train" / "PNEUMONIA", folder / "train" / "PNEUMONIA")
    films = sorted((folder / "train" / "PNEUMONIA").iterdir())
    films[0].write_bytes(b"")
    films[1].write_bytes(films[1].read_bytes()[:200])
    films[2].write_bytes(b"<script>alert(1)</script>")
    films[3].rename(films[3].with_name("胸部 рентген <b>é<b>.png"))
    (folder / "train" / "again").symlink_to(folder)
    (folder / "train" / "PNEUMONIA" / "nowhere.png").symlink_to(folder / "gone.png")
    return folder


def test_the_visitor_chooses_among_folders_by_their_names(
    visit: Opener, synthetic_folder: Path, other: Path
) -> None:
    app = visit("browse", synthetic_folder, other)
    picker = app.sidebar.selectbox[0]
    assert picker.options == ["Public set of children", synthetic_folder.name, "клиника"]
    assert app.query_params["data"] == synthetic_folder.name, "a folder of one's own comes first"
    assert "**48 films**" in words(app)
    picker.select_index(2).run()
    settle(app)
    assert app.query_params["data"] == "клиника" and "**40 films**" in words(app)
    assert str(other.parent) not in words(app) + str(dict(app.query_params))
    again = visit("dataset", synthetic_folder, other, data="клиника")
    assert again.sidebar.selectbox[0].value == 2
    public = visit("dataset", synthetic_folder, other, data="public")
    assert public.title[0].value == "Always saying PNEUMONIA is right on 62\\.5 % of test"


def test_damaged_facts_of_the_public_set_are_a_sentence_under_a_title(
    synthetic_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "artifacts" / "dataset", tmp_path / "dataset")
    (tmp_path / "dataset" / "films.csv").write_bytes(b"\x00\x01broken")
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path))
    monkeypatch.setenv("XRAY_DATA", str(synthetic_folder))
    app = through_app("dataset", data="public")
    assert app.title[0].value == "This dataset cannot be shown yet"
    assert [each.value for each in app.warning] == [
        r"films\.csv is not the table of films; restore it from git\."
    ]
    assert "**48 films**" in words(through_app("browse", data=synthetic_folder.name))


def test_a_dataset_that_is_not_here_is_said_and_the_rest_works(
    visit: Opener, synthetic_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    folders = (tmp_path / "gone", tmp_path / "empty", synthetic_folder)
    app = visit("browse", *folders, data="elsewhere")
    text = words(app)
    assert "data “elsewhere” is not offered here and was ignored" in text
    assert "XRAY_DATA names gone, which is not a folder" in text
    empty = visit("browse", *folders, data="empty")
    assert "holds no images" in words(empty) and str(tmp_path) not in words(empty)
    works = visit("browse", *folders, data=synthetic_folder.name)
    assert "**48 films**" in words(works)


def test_other_class_names_by_a_mapping(
    visit: Opener, synthetic_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "wards"
    for split in ("train", "test"):
        for theirs, ours in (("Healthy", "NORMAL"), ("covid", "PNEUMONIA")):
            shutil.copytree(synthetic_folder / split / ours, folder / split / theirs)
    unmapped = visit("dataset", folder, data="wards")
    assert "name your class folders" in words(unmapped)
    monkeypatch.setenv("XRAY_CLASSES", "healthy=NORMAL,covid=PNEUMONIA")
    mapped = tmp_path / "again"
    folder.rename(mapped)
    app = visit("browse", mapped)
    assert "**40 films**" in words(app)
    assert app.button_group(key="classes").options[0] == "NORMAL"


@pytest.mark.parametrize("page", ["browse", "dataset"])
def test_every_section_stands_a_folder_in_a_bad_state(
    page: str, visit: Opener, bad_folder: Path
) -> None:
    app = visit(page, bad_folder, data=bad_folder.name)
    for section in SECTIONS.get(page, ("",)):
        if section:
            go(app, section)
        text = words(app)
        assert len(app.title) == 1 and "alert(1)" not in text, section
        assert "4 of" in text and "films cannot be read" in text, section
        assert "Every film is PNEUMONIA" in text, section
        assert str(bad_folder) not in text, section
