"""The Dataset pages in use: filters, paging, thresholds, links, exports, choosing a dataset."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from tests.helpers import shelf
from xray.dashboard import navigation
from xray.dashboard import page as dashboard
from xray.dataset import cleaning, outliers, public_set
from xray.environment import ROOT
from xray.labels import devices

#: The pages of a dataset; large tables are shown whatever the dataset is.
PAGES = [name for name, *_ in navigation.PAGES["Dataset"] if name != "large_tables"]
FAILED = "the server's log says why"
#: Films on a page of the browser.
EACH = 24

Opener = Callable[..., AppTest]


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shelf.build(tmp_path_factory.mktemp("shelf"))


@pytest.fixture(scope="module")
def public() -> pd.DataFrame:
    return public_set.read().reset_index(drop=True)


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch, artifacts: Path) -> Opener:
    """Open a view of a page by its link; ``data`` are the folders that the server is told of."""

    def open_(name: str, /, *data: Path, **query: Any) -> AppTest:
        monkeypatch.setenv("XRAY_ARTIFACTS", str(artifacts))
        monkeypatch.setenv("XRAY_DATA", os.pathsep.join(map(str, data)))
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
        app.run().switch_page(f"pages/{name}.py")
        for key, value in query.items():
            app.query_params[key] = value
        app.run()
        settle(app)
        assert not app.exception, app.exception[0].value
        assert FAILED not in words(app)
        return app

    return open_


@pytest.fixture
def exports(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, pd.DataFrame]]:
    """What the buttons of the page that is open would save: name of the file -> table."""
    taken: dict[str, pd.DataFrame] = {}

    def download(label: str, table: Any, name: str) -> None:
        taken[name] = table() if callable(table) else table

    monkeypatch.setattr(dashboard, "download", download)
    yield taken


def settle(app: AppTest) -> None:
    """Run until no heavy work is under way any more."""
    end = time.monotonic() + 240
    while _busy(app) and time.monotonic() < end:
        time.sleep(0.1)
        app.run()


def _busy(app: AppTest) -> bool:
    reading = any(note.value.startswith("Reading the films of") for note in app.info)
    return bool(reading or app.get("progress"))


def words(app: AppTest) -> str:
    kinds = ("title", "markdown", "caption", "html", "warning", "error", "info", "subheader")
    return "\n".join(
        str(getattr(element, "value", None) or getattr(element, "body", ""))
        for kind in kinds
        for element in app.get(kind)
    ).replace("\\", "")


def sections(app: AppTest, key: str = "films") -> dict[str, list[str]]:
    """Names of the films in a grid of thumbnails, by the title of their section."""
    (proto,) = [e.proto for e in app.get("bidi_component") if e.proto.id.endswith(f"-{key}")]
    data = json.loads(proto.json or proto.mixed.json)
    return {part["title"]: [film["name"] for film in part["films"]] for part in data["sections"]}


def grid(app: AppTest, key: str = "films") -> list[str]:
    return sections(app, key)[""]


def names(table: pd.DataFrame) -> list[str]:
    return table["name"].tolist()


# --- the film browser ------------------------------------------------------------------------


def test_filters_count_and_export_what_they_say(
    visit: Opener, exports: dict[str, pd.DataFrame], public: pd.DataFrame
) -> None:
    app = visit("film_browser")
    assert "**5,856 films**" in words(app) and len(exports["films.csv"]) == 5856
    app.button_group(key="splits").set_value(["test"]).run()
    app.button_group(key="classes").set_value(["NORMAL"]).run()
    assert "**234 films**" in words(app)
    wanted = public[(public["split"] == "test") & (public["label"] == "NORMAL")]
    assert exports["films.csv"]["file"].tolist() == wanted["file"].tolist()
    assert grid(app) == names(wanted.head(EACH))


def test_a_link_restores_filters_and_an_unknown_value_is_said(
    visit: Opener, exports: dict[str, pd.DataFrame], public: pd.DataFrame
) -> None:
    query = {"splits": "test", "with": "shows a device", "sort": "largest first", "colour": "blue"}
    app = visit("film_browser", **query, page="1", marks="perhaps")
    shown = public["file"].map(devices.load()["has_device"].to_dict())
    wanted = public[shown & (public["split"] == "test")]
    area = -(wanted["width"] * wanted["height"]).fillna(-np.inf)
    wanted = wanted.iloc[np.argsort(area.to_numpy(), kind="stable")]
    assert f"**{len(wanted):,} films**" in words(app)
    assert grid(app) == names(wanted.head(EACH))
    assert app.multiselect(key="with").value == ["shows a device"]
    assert app.selectbox(key="sort").value == "largest first"
    notes = "\n".join(note.value for note in app.info).replace("\\", "")
    assert "“colour” is unknown to this page" in notes
    assert "marks “perhaps” is neither true nor false" in notes


def test_outcomes_of_a_model_the_most_wrong_first(
    visit: Opener, artifacts: Path, exports: dict[str, pd.DataFrame]
) -> None:
    app = visit(
        "film_browser",
        model="Model augmented",
        outcomes="false alarm (FP)",
        sort="most wrong first",
    )
    calls = pd.read_csv(artifacts / "models" / "augmented" / "predictions.csv")
    calls = calls[calls["file"].str.startswith("test/NORMAL/")]
    wrong = calls[calls["log_odds"] >= np.log(0.6 / 0.4)].sort_values("log_odds", ascending=False)
    assert len(wrong) > 3 and f"**{len(wrong):,} films**" in words(app)
    assert exports["films.csv"]["file"].tolist() == wrong["file"].tolist()


def test_pages_of_films_and_a_new_wish_begins_at_the_first(
    visit: Opener, public: pd.DataFrame
) -> None:
    app = visit("film_browser", page="3")
    assert grid(app) == names(public.iloc[2 * EACH : 3 * EACH])
    app.button_group(key="splits").set_value(["train"]).run()
    train = public[public["split"] == "train"]
    assert grid(app) == names(train.head(EACH))


def test_nothing_found_says_what_to_do(visit: Opener) -> None:
    app = visit("film_browser", splits="validation", classes="PNEUMONIA, viral")
    assert "No film is like that" in words(app) and not app.get("bidi_component")


def test_a_film_in_full_by_its_link(visit: Opener, public: pd.DataFrame) -> None:
    import hashlib

    film = public[public["file"].str.endswith("test/PNEUMONIA/person1_virus_6.jpeg")].iloc[0]
    token = hashlib.sha256(film["file"].encode()).hexdigest()[:12]
    app = visit("film_browser", film=token)
    text = words(app)
    assert "person1_virus_6.jpeg" in text and f"{film['width']:.0f} × {film['height']:.0f}" in text
    assert "Of the same possible patient" in text
    assert text.count("threshold 60 %") == len(shelf.GOOD) + 1
    app.button(key="back").click().run()
    assert "film" not in app.query_params and "**5,856 films**" in words(app)
    gone = visit("film_browser", film="ffffffffffff")
    assert "**5,856 films**" in words(gone), "a film that there is not leads to the list"
    odd = visit("film_browser", film="../../etc/passwd")
    assert "is not a name that this app gives" in words(odd)


# --- the other pages -------------------------------------------------------------------------


def test_thresholds_of_oddballs_decide_and_are_in_the_link(
    visit: Opener, exports: dict[str, pd.DataFrame], public: pd.DataFrame
) -> None:
    oddity = outliers.BY_NAME["blurred"]
    scores = outliers.score(public)["blurred_score"].to_numpy()
    app = visit("oddballs", kind=oddity.title)
    assert len(exports["blurred.csv"]) == (scores >= oddity.threshold).sum() > 0
    limit = round(float(np.quantile(scores, 0.995)), 2)
    slider = app.slider(key="blurred_limit")
    slider.set_value(limit).run()
    odd = exports["blurred.csv"]
    assert len(odd) == (scores >= limit).sum() and 0 < len(odd) < len(scores)
    assert odd["blurred_score"].is_monotonic_decreasing
    assert grid(app, "odd films") == [file.rpartition("/")[2] for file in odd["file"].head(EACH)]
    again = visit("oddballs", kind=oddity.title, blurred_limit=f"{limit}")
    assert again.slider(key="blurred_limit").value == pytest.approx(limit)
    exports.clear()
    none = visit("oddballs", kind=oddity.title, blurred_limit=f"{oddity.high}")
    assert "No film is that odd" in words(none) and not exports
    beyond = visit("oddballs", kind=oddity.title, blurred_limit="99")
    assert "blurred_limit “99” is not between" in words(beyond)


def test_leakage_counts_numbers_with_and_without_the_subtype(visit: Opener) -> None:
    app = visit("leakage")
    assert app.title[0].value.startswith("170 of 202 possible patients of test pneumonia")
    text = words(app)
    assert "with the subtype as part of the identity it is 0 of 203" in text
    assert "457 in train, 320 in test" in text


def test_identical_films_side_by_side(visit: Opener) -> None:
    app = visit("leakage", view="Byte-identical films", page="2")
    assert "30 groups of byte-identical films, 62 films in all; 0 across splits" in words(app)
    groups = sections(app, "groups")
    assert list(groups) == [f"Group {i}" for i in range(7, 13)]
    assert all(len(films) >= 2 for films in groups.values())
    near = visit("leakage", view="Near-identical films")
    assert "found by their pixels, which are not here" in words(near)


def test_splits_are_exported_as_they_are_shown(
    visit: Opener, exports: dict[str, pd.DataFrame]
) -> None:
    titles = ["Original", "Device-free train", "70/15/15"]
    app = visit("splits", names=titles, seed="5", keep_patients="true")
    assert app.number_input(key="seed").value == 5
    assert app.title[0].value.startswith("The split that came with the data has 170 possible")
    assert set(exports) == {
        f"split-{name}-5.csv" for name in ("original", "device_free", "stratified_70_15_15")
    }
    assert all(len(table) == 5856 for table in exports.values())
    shown = devices.load()["has_device"]
    train = exports["split-device_free-5.csv"].query("split == 'train'")
    assert len(train) > 2000 and not train["file"].map(shown.to_dict()).any()


def test_cleaning_lists_can_be_used_as_they_are_saved(
    visit: Opener, exports: dict[str, pd.DataFrame], tmp_path: Path, public: pd.DataFrame
) -> None:
    odd = outliers.BY_NAME["odd_mode"].title
    app = visit("splits", view="Cleaning list", doubles="false", odd=odd)
    assert "283 of 5,856 films are on the list" in words(app)
    path = tmp_path / "exclude.csv"
    exports["exclude.csv"].to_csv(path, index=False)
    listed = cleaning.read_exclusions(path)
    assert listed == set(public.loc[public["mode"] == "RGB", "file"])
    assert cleaning.unknown_films(listed, public) == ""
    app.toggle(key="doubles").set_value(True).run()
    assert "315 of 5,856 films are on the list" in words(app)
    assert len(grid(app, "gone")) == 12


def test_baseline_and_a_split_too_small_to_steer_by(visit: Opener) -> None:
    app = visit("dataset")
    assert app.title[0].value == "Always saying PNEUMONIA is right on 62\\.5 % of test"
    (warning,) = app.warning
    assert "16 films" in warning.value and "6 points" in warning.value


def test_what_gives_the_class_away(visit: Opener) -> None:
    assert visit("shortcuts").title[0].value.startswith("Height alone tells the classes apart")
    title = visit("devices_in_films").title[0].value.replace("\\", "")
    assert "of PNEUMONIA against 2.5 % of NORMAL films show a device" in title


# --- which dataset ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def other(synthetic_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of another name, a half as large."""
    home = tmp_path_factory.mktemp("place")
    for part in ("train", "test"):
        shutil.copytree(synthetic_folder / part, home / "клиника" / part)
    return home / "клиника"


def test_the_visitor_chooses_among_folders_by_their_names(
    visit: Opener, synthetic_folder: Path, other: Path
) -> None:
    app = visit("film_browser", synthetic_folder, other)
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


def test_a_dataset_that_is_not_here_is_said_and_the_rest_works(
    visit: Opener, synthetic_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    folders = (tmp_path / "gone", tmp_path / "empty", synthetic_folder)
    app = visit("film_browser", *folders, data="elsewhere")
    text = words(app)
    assert "data “elsewhere” is not offered here and was ignored" in text
    assert "XRAY_DATA names gone, which is not a folder" in text
    empty = visit("film_browser", *folders, data="empty")
    assert "holds no images" in words(empty) and str(tmp_path) not in words(empty)
    works = visit("film_browser", *folders, data=synthetic_folder.name)
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
    app = visit("film_browser", mapped)
    assert "**40 films**" in words(app)
    assert app.button_group(key="classes").options[0] == "NORMAL"


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


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_a_folder_in_a_bad_state(
    page: str, visit: Opener, bad_folder: Path
) -> None:
    app = visit(page, bad_folder, data=bad_folder.name)
    text = words(app)
    assert len(app.title) == 1 and "alert(1)" not in text
    assert "4 of" in text and "films cannot be read" in text
    assert "Every film is PNEUMONIA" in text
    assert str(bad_folder) not in text
