"""Every page in the states a visitor meets: it draws, says what is the matter, and goes on."""

from __future__ import annotations

import gc
import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.helpers import shelf
from tests.helpers.visits import FAILED, PAGES, SECTIONS, explain, go, settle, words
from xray.dashboard.views import film_choice
from xray.drawing import phantoms
from xray.environment import ROOT
from xray.films import decoder
from xray.models import registry
from xray.models.card import read_card
from xray.reports import headlines, html

EXPLAIN = "pages/explain.py"
Opener = Callable[..., AppTest]


@pytest.fixture(scope="session")
def full_shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shelf.build(tmp_path_factory.mktemp("shelf"))


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> Opener:
    """Open a page of the app over given artifacts and films."""

    def open_(
        page: str, artifacts: Path, films: Path | None = None, query: dict[str, str] | None = None
    ) -> AppTest:
        monkeypatch.setenv("XRAY_ARTIFACTS", str(artifacts))
        if films is None:
            monkeypatch.delenv("XRAY_DATA", raising=False)
        else:
            monkeypatch.setenv("XRAY_DATA", str(films))
        monkeypatch.setattr(registry, "load", shelf.load)
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        for name, value in (query or {}).items():
            app.query_params[name] = value
        if page != "pages/overview.py":
            app = app.run().switch_page(page)
        return app.run()

    return open_


def assert_sound(app: AppTest) -> None:
    assert not app.exception, app.exception[0].value
    assert len(app.title) == 1
    assert len(app.title[0].value) > 5
    assert FAILED not in words(app)


def alive(page: str) -> list[dict[str, object]]:
    """Names of every run of a page that is still in memory."""
    gc.collect()
    return [
        names
        for names in gc.get_objects()
        if type(names) is dict and names.get("__file__") == str(ROOT / page) and "st" in names
    ]


def sections(page: str, app: AppTest) -> Iterator[str]:
    """Go through the sections of the page that is open."""
    for section in SECTIONS.get(page, ("",)):
        if section:
            go(app, section)
        yield section


@pytest.mark.parametrize("page", PAGES)
def test_page_without_films(page: str, full_shelf: Path, visit: Opener) -> None:
    # A test that ran a page as a script of its own leaves it behind as Python's main module.
    before = alive(f"pages/{page}.py")
    app = visit(f"pages/{page}.py", full_shelf)
    for section in sections(page, app):
        assert_sound(app)
        ignored = [note.value for note in app.info if "ignored" in note.value]
        assert not ignored, f"{section}: nothing is left of the section before"
    # A widget that was given a function of the page would keep all that the page made, for as
    # long as the session lasts: 4 MB a session of the Devices page before this was looked at.
    now = alive(f"pages/{page}.py")
    assert all(any(names is known for known in before) for names in now)


@pytest.mark.parametrize("page", PAGES)
def test_page_with_films(
    page: str, full_shelf: Path, synthetic_folder: Path, visit: Opener
) -> None:
    app = visit(f"pages/{page}.py", full_shelf, synthetic_folder)
    settle(app)
    for _ in sections(page, app):
        assert_sound(app)


@pytest.mark.parametrize("page", PAGES)
def test_page_without_any_artifact(page: str, tmp_path: Path, visit: Opener) -> None:
    app = visit(f"pages/{page}.py", tmp_path, tmp_path / "gone")
    for section in sections(page, app):
        assert not app.exception, app.exception[0].value
        assert FAILED not in words(app), section
        assert str(tmp_path) not in words(app), "where things lie is no visitor's business"


def png() -> bytes:
    return html.png(phantoms.phantom(3, label="PNEUMONIA").pixels)


def test_overview_says_who_reads_devices(full_shelf: Path, visit: Opener) -> None:
    app = visit("pages/overview.py", full_shelf)
    assert app.title[0].value == html.plain(
        "1 of 2 models reads devices: a support makes Model basic call 9 more of 100 healthy "
        "people sick"
    )
    text = words(app)
    assert (
        "reads supports" in text and "supports: 9 more of 100 healthy called sick (5 to 13)" in text
    )
    for head, value in (
        ("as they are", 11),
        ("with the device that moves it most", "12, electrodes"),
        ("with supports", 20),
    ):
        assert f'data-label="{head}">{value}<' in text
    assert 'data-label="AUROC, lungs hidden">0.88<' in text
    assert "not audited yet" in text
    assert any("python -m xray audit augmented" in code.value for code in app.code)
    assert "Not for clinical use" in text


@pytest.mark.parametrize("world", shelf.WORLDS)
def test_plain_text_is_free_of_the_experts_units(
    world: str, full_shelf: Path, tmp_path: Path, visit: Opener
) -> None:
    copy = shelf.move_in(Path(shutil.copytree(full_shelf, tmp_path / "shelf")), world)
    app = visit("pages/overview.py", copy)
    assert_sound(app)
    cards = [read_card(copy / "models" / name) for name in shelf.GOOD]
    audits = shelf.world(world)
    assert app.title[0].value == html.plain(headlines.title(cards, audits))
    text = words(app)
    for word in ("log-odds", "standard deviation", "sham", "clean control"):
        assert word not in text, word


@pytest.mark.parametrize("page", ["pages/overview.py", "pages/devices.py"])
def test_an_audit_of_an_earlier_version_is_told_not_shown(
    page: str, full_shelf: Path, tmp_path: Path, visit: Opener
) -> None:
    copy = Path(shutil.copytree(full_shelf, tmp_path / "shelf"))
    for name in shelf.GOOD:
        path = copy / "audits" / f"{name}.json"
        path.write_text(json.dumps(shelf.earlier(name)))
    app = visit(page, copy)
    assert_sound(app)
    assert app.title[0].value == "Do these models read lungs, or the devices on the chest?"
    text = words(app)
    assert "made by an earlier version" in text
    assert "no reliance" not in text
    assert any("python -m xray audit" in code.value for code in app.code)


def test_overview_does_not_believe_an_audit_of_other_weights(
    full_shelf: Path, tmp_path: Path, visit: Opener
) -> None:
    copy = tmp_path / "shelf"
    shutil.copytree(full_shelf, copy)
    path = copy / "audits" / "basic.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "model_hash": "0" * 64}))
    app = visit("pages/overview.py", copy)
    assert app.title[0].value == "Devices change fewer than 3 of 100 calls of this model"


def test_upload_is_explained_by_every_model(full_shelf: Path, visit: Opener) -> None:
    app = visit(EXPLAIN, full_shelf)
    app.file_uploader[0].upload("film.png", png(), "image/png").run()
    explain(app)
    assert_sound(app)
    text = words(app)
    for name in shelf.GOOD:
        assert f"LIME overlay of Model {name}" in text
    assert text.count("Stable: 100 %") == 3, "linear models are explained exactly"
    assert "mine does not load as a Keras model" in text
    labels = [button.label for button in app.download_button]
    assert labels.count("Picture") == 3
    assert {"Weights (CSV)", "Everything (JSON)", "Report (HTML)"} <= set(labels)
    assert not dict(app.query_params), "nothing about an upload enters the link"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.png", b""),
        ("cut.png", png()[:300]),
        ("script.jpg", b"<script>alert(1)</script>"),
        ("page.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
    ],
)
def test_damaged_upload_is_a_sentence(
    name: str, data: bytes, full_shelf: Path, visit: Opener
) -> None:
    app = visit(EXPLAIN, full_shelf)
    app.file_uploader[0].upload(name, data, "image/png").run()
    assert_sound(app)
    assert len(app.warning) >= 1
    assert "alert(1)" not in words(app)


def test_a_session_that_holds_up_the_decoders_waits(
    full_shelf: Path, visit: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[bytes] = []

    def lose(data: bytes, name: str) -> None:
        decoded.append(data)
        if data != png():
            raise decoder.LostError(f"{name} took more than 10 seconds to decode.")

    monkeypatch.setattr(film_choice.decode, "decode", lose)
    app = visit(EXPLAIN, full_shelf)
    for number in range(2):
        app.file_uploader[0].set_value(("film.png", bytes([number]), "image/png")).run()
        app.run()
        assert "took more than 10 seconds" in words(app), "said again, and not decoded again"
    assert decoded == [b"\0", b"\1"]
    app.file_uploader[0].set_value(("film.png", b"\2", "image/png")).run()
    assert "wait a minute" in words(app)
    assert len(decoded) == 2
    other = visit(EXPLAIN, full_shelf)
    other.file_uploader[0].set_value(("film.png", b"\2", "image/png")).run()
    assert len(decoded) == 3, "others do not wait"


def test_metadata_of_an_upload_is_not_shown(full_shelf: Path, visit: Opener) -> None:
    stream = io.BytesIO()
    image = Image.open(io.BytesIO(png()))
    exif = Image.Exif()
    exif[0x010E] = "Jane Doe 1970-01-01"
    image.convert("L").save(stream, "JPEG", exif=exif)
    app = visit(EXPLAIN, full_shelf)
    app.file_uploader[0].upload("Jane_Doe.jpg", stream.getvalue(), "image/jpeg").run()
    explain(app)
    assert "Jane" not in words(app)


@pytest.mark.parametrize("odd", ["1_0", "\u0661\u0660", " 10", "1e1"])
def test_number_in_a_link_is_plain_digits(odd: str, full_shelf: Path, visit: Opener) -> None:
    app = visit(EXPLAIN, full_shelf)
    first = app.number_input(key="child").value
    assert first != 10
    app = visit(EXPLAIN, full_shelf, query={"child": odd})
    assert_sound(app)
    assert app.number_input(key="child").value == first
    assert any("is not a plain number" in note.value.replace("\\", "") for note in app.info)


def test_film_of_the_dataset_by_its_token(
    full_shelf: Path, synthetic_folder: Path, visit: Opener
) -> None:
    app = visit(EXPLAIN, full_shelf, synthetic_folder)
    settle(app)
    app.button_group(key="source").set_value("Film of the dataset").run()
    settle(app)
    explain(app)
    assert_sound(app)
    assert "Film of the dataset, labelled" in words(app)
