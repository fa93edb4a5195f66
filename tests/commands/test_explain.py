"""``python -m xray explain``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.helpers.linear import Linear, film
from xray.commands import main
from xray.models import registry


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "synthetic-film.png"
    Image.fromarray(np.round(film((80, 96)) * 255).astype(np.uint8)).save(path)
    return path


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Every name loads the linear model; the options it was loaded with are kept."""
    given: dict[str, Any] = {}

    def load(name: str, **options: Any) -> Linear:
        given.update(options, name=name)
        return Linear()

    monkeypatch.setattr(registry, "load", load)
    return given


def test_writes_picture_weights_and_json_and_says_what_it_found(
    image: Path, model: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, record = tmp_path / "out", tmp_path / "record.json"
    code = main.main(
        ["explain", "linear", str(image), "--out", str(out), "--json", str(record), "--sanity"]
    )
    said = capsys.readouterr().out
    assert code == 0
    assert "probability of PNEUMONIA" in said and "Not for clinical use." in said
    assert "toward PNEUMONIA" in said and "hiding superpixels by weight" in said
    picture = Image.open(out / "synthetic-film-linear-overlay.png")
    assert picture.size == (96, 80) and picture.mode == "RGB"
    table = pd.read_csv(out / "synthetic-film-linear-weights.csv")
    entry = json.loads(record.read_text())
    assert len(table) == len(entry["weights"]) > 10
    assert entry["weights"][0]["weight"] == pytest.approx(table["weight"][0])
    assert entry["film_hash"] and entry["positive"] == "PNEUMONIA" and entry["deletion"]
    assert entry["randomisation"] is None


def test_options_reach_the_explanation_and_the_model(
    image: Path, model: dict[str, Any], tmp_path: Path
) -> None:
    record = tmp_path / "record.json"
    options = ["--seed", "5", "--superpixels", "20", "--fill", "black", "--target", "probability"]
    options += ["--scale", "byte", "--threshold", "0.7", "--json", str(record)]
    assert main.main(["explain", "my.keras", str(image), *options]) == 0
    params = json.loads(record.read_text())["params"]
    assert (params["seed"], params["n_superpixels"], params["fill"]) == (5, 20, "black")
    assert params["target"] == "probability"
    assert model == {"name": "my.keras", "scale": "byte", "threshold": 0.7}


def test_an_unstable_explanation_is_said_to_be_unreadable(
    image: Path, model: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["explain", "linear", str(image), "--superpixels", "3"]) == 0
    assert "not stable enough to read" in capsys.readouterr().out


def test_bad_input_ends_in_one_sentence_and_code_2(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"not an image")
    for arguments in (
        ["linear", str(broken)],
        ["no-such-model", str(image)],
        ["no-such-file.keras", str(image)],
        ["linear", str(tmp_path / "absent.png")],
    ):
        assert main.main(["explain", *arguments]) == 2
        said = capsys.readouterr().err.strip()
        assert said.startswith("error: ") and "\n" not in said


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("--superpixels 1", "superpixels is from 2 to 1000, not 1;"),
        ("--superpixels 100000", "superpixels is from 2 to 1000, not 100000;"),
        ("--evaluations -5", "evaluations is from 2 to 100000, not -5;"),
    ],
)
def test_numbers_that_nobody_can_mean_are_one_sentence(
    asked: str,
    told: str,
    image: Path,
    model: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main.main(["explain", "linear", str(image), *asked.split()]) == 2
    assert told in capsys.readouterr().err


def test_a_folder_goes_past_what_is_damaged_and_names_each_film_its_own(
    image: Path, model: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = image.read_bytes()
    folder, out, record = tmp_path / "films", tmp_path / "out", tmp_path / "record.json"
    names = ("a/1.png", "b/1.png", "b/1.jpg", "c/IM0002", "d/._1.png", "d/notes.txt", ".x/2.png")
    for name in (*names, "b/broken.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data if name != "b/broken.png" else data[:200])
    command = ["explain", "linear", str(folder), "--out", str(out), "--json", str(record)]
    assert main.main(command) == 0
    said = capsys.readouterr()
    assert "1 of 5 films cannot be read" in said.out and "damaged: broken" in said.out
    for words in ("left by an archiver", "tables and texts", "hidden files"):
        assert f"1 file left out: {words}" in said.err
    overlays = sorted(path.name for path in out.glob("*-overlay.png"))
    stems = ("IM0002", "a-1.png", "b-1.jpg", "b-1.png")
    assert overlays == [f"{stem}-linear-overlay.png" for stem in stems]
    entries = json.loads(record.read_text())
    assert [entry["name"] for entry in entries if "error" in entry] == ["broken"]
    assert len({entry["name"] for entry in entries}) == 5
    for name in names[:4]:
        (folder / name).write_bytes(data[:100])
    assert main.main(command) == 2
    assert "None of the 5 films can be read" in capsys.readouterr().err


def test_a_folder_of_classes_gives_the_films_that_every_command_uses(
    model: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, record = tmp_path / "films", tmp_path / "record.json"
    for number, name in enumerate(("well/a", "well/b", "covid/c", "covid/d", "unclear/e")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        grey = np.round(film((80, 96)) * (255 - 20 * number)).astype(np.uint8)
        Image.fromarray(grey).save(folder / f"{name}.png")
    (folder / "covid/a.png").write_bytes((folder / "well/a.png").read_bytes())
    assert main.main(["index", str(folder), "--classes", "well=healthy,covid=COVID-19"]) == 0
    for asked, names in ((folder, "bcd"), (folder / "covid", "cd"), (folder / "unclear", "e")):
        capsys.readouterr()
        assert main.main(["explain", "linear", str(asked), "--json", str(record)]) == 0
        said = capsys.readouterr()
        assert {entry["name"] for entry in json.loads(record.read_text())} == set(names)
        assert "probability of COVID-19" in said.out
        whole = "says the class of the films of unclear: all are explained" in said.err
        assert whole == (names == "e")
        assert (
            "2 files left out: the same bytes as a film of the other class" in said.err
        ) != whole
