"""``audit`` on bad input: a sentence and exit code 2, or no verdict and why."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.brightness import films_by_brightness
from tests.helpers.worn import few_layers
from xray.audits import inputs
from xray.commands.main import main
from xray.drawing.phantoms import write_dataset
from xray.files import read_json
from xray.models import plausibility

keras = pytest.importorskip("keras")
layers = keras.layers


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few layers on small films take seconds."""
    monkeypatch.setattr(inputs.rendering, "read", few_layers)
    monkeypatch.setattr(inputs, "SIDE", 64)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    write_dataset(folder, 0, 0, 24, seed=2, size=(64, 64))
    return folder


def _file(folder: Path, name: str, last: object, shape: tuple[int, ...] = (32, 32, 1)) -> Path:
    entry = keras.Input(shape)
    path = folder / f"{name}.keras"
    keras.Model(entry, last(layers.Flatten()(entry))).save(path)
    return path


def _says(capsys: pytest.CaptureFixture[str]) -> str:
    return next(line for line in capsys.readouterr().err.splitlines() if line.startswith("error: "))


@pytest.mark.parametrize(
    ("shape", "units", "says"),
    [((32, 32, 2), 1, "channels"), ((20,), 1, "inputs of shape"), ((32, 32, 1), 4, "--positive")],
)
def test_models_that_cannot_be_audited(
    tmp_path: Path,
    films: Path,
    capsys: pytest.CaptureFixture[str],
    shape: tuple[int, ...],
    units: int,
    says: str,
) -> None:
    kind = "softmax" if units > 1 else "sigmoid"
    path = _file(tmp_path, "odd", layers.Dense(units, activation=kind), shape)
    assert main(["audit", str(path), "--data", str(films)]) == 2
    assert says in _says(capsys)


def test_a_model_that_does_better_by_other_options_is_not_audited(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It tells the classes apart at any scale, so that its verdict would look fine."""
    entry = keras.Input((32, 32, 1))
    mean = layers.Flatten()(layers.GlobalAveragePooling2D()(entry))
    last = layers.Dense(1, activation="sigmoid")
    made = keras.Model(entry, last(mean))
    last.set_weights([np.array([[0.1]]), np.array([-12.75])])
    path = tmp_path / "byte.keras"
    made.save(path)
    line = ["audit", str(path), "--data", str(films_by_brightness(tmp_path / "films"))]
    assert main(line) == 2
    assert "Give --scale byte, or --force" in _says(capsys)
    # Also where it may be no better than chance by them: other films may say that it is.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plausibility.Check, "plausible", property(lambda _: False))
        assert main(line) == 2
    assert "Give --scale byte, or --force" in _says(capsys)
    assert main([*line, "--scale", "byte"]) == main([*line, "--force"]) == 0
    # Among several it alone is not judged; files of one name are told apart.
    (tmp_path / "other").mkdir()
    again = shutil.copy(path, tmp_path / "other" / path.name)
    out = tmp_path / "found.json"
    assert main(["audit", str(again), *line[1:], "--json", str(out)]) == 0
    found = read_json(out)
    assert [value["model"] for value in found] == [str(again), str(path)]
    assert all(value["verdict"] == "cannot_be_judged" for value in found)
    assert all("Give --scale byte" in value["reasons"][0] for value in found)


def test_too_few_films_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_dataset(tmp_path / "few", n_train=0, n_val=0, n_test=6, seed=1)
    path = _file(tmp_path, "plain", layers.Dense(1, activation="sigmoid"))
    assert main(["audit", str(path), "--data", str(tmp_path / "few")]) == 2
    assert "too few" in _says(capsys)


def test_a_constant_model_is_not_judged_and_says_why(
    tmp_path: Path, films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flat = _file(
        tmp_path, "flat", layers.Dense(1, activation="sigmoid", kernel_initializer="zeros")
    )
    out = tmp_path / "found.json"
    line = ["audit", str(flat), "--data", str(films), "--json", str(out)]
    assert main([*line, "--margin-calls", "5", "--fail-on", "cannot_be_judged"]) == 1
    said = capsys.readouterr().out
    assert "flat: cannot be judged" in said and "untrained" in said
    (first,) = json.loads(out.read_text())
    assert (first["model"], first["verdict"], first["score"]) == ("flat", "cannot_be_judged", None)
    assert first["margin"] == {"calls": 5.0, "auroc": 0.02}
    assert first["labels"]["rendered"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--margin-calls", "0"], "Margins"),
        (["--margin-auroc", "1"], "Margins"),
        (["--trained-on", "nothing.txt"], "cannot be read"),
        (["--device-labels", "nothing.jsonl"], "cannot be read"),
    ],
)
def test_options_that_cannot_be_met(
    tmp_path: Path, films: Path, capsys: pytest.CaptureFixture[str], options: list[str], says: str
) -> None:
    path = _file(tmp_path, "plain", layers.Dense(1, activation="sigmoid"))
    assert main(["audit", str(path), "--data", str(films), *options]) == 2
    assert says in _says(capsys)


def test_no_films_no_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "nothing", "--data", str(tmp_path / "gone")]) == 2
    assert "--data" in _says(capsys)


@pytest.mark.parametrize("classes", [1, 2])
def test_a_ward_goes_through_the_commands_of_the_readme(
    tmp_path: Path,
    films: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    classes: int,
) -> None:
    """A table of bare ids, one film of it gone, one of no class; also where all films are ill."""
    monkeypatch.setenv("XRAY_LABELS", f"sqlite:///{tmp_path / 'labels.sqlite'}")
    ward, model = tmp_path / "ward", _file(tmp_path, "own", layers.Dense(1, activation="sigmoid"))
    rows = ["id;Diagnosis;age", "lost;tuberculosis;50", "odd;;61"]
    for label in ("PNEUMONIA", "NORMAL")[:classes]:
        for number, film in enumerate(sorted((films / "test" / label).iterdir())):
            for name in (f"{label[0]}{number}", f"{label[0]}{number}b")[: 3 - classes]:
                part = ward / f"images_{number % 2}"
                part.mkdir(parents=True, exist_ok=True)
                (part / f"{name}.png").write_bytes(film.read_bytes() + name.encode())
                value = "tuberculosis" if label == "PNEUMONIA" else "healthy"
                rows.append(f"{name};{value};{30 + number}")
    (ward / "images_0" / "odd.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (ward / "films.csv").write_text("\n".join(rows), encoding="utf-8")
    said = "Diagnosis=tuberculosis"
    assert main(["index", str(ward), "--table", "films.csv", "--positive", said]) == 0
    film = next((ward / "images_1").iterdir())
    for line in (
        ["evaluate", str(model), "--data", str(ward), "--force"],
        ["audit", str(model), "--data", str(ward), "--force", "--json", str(tmp_path / "a.json")],
        ["label", "--queue", "--data", str(ward)],
        ["explain", str(model), str(film), "--force", "--evaluations", "200"],
    ):
        assert main(line) == 0
    out, err = capsys.readouterr()
    text = (out + err).lower().replace(str(tmp_path).lower(), "")
    assert "pneumonia" not in text and "child" not in text and "traceback" not in text
    assert "own: 24 films, tuberculosis positive" in out
    assert "calls" in out and "tuberculosis: probability of tuberculosis" in out
    assert "1 row left out: name a film that is not in the folder (lost)" in text
    (found,) = json.loads((tmp_path / "a.json").read_text())
    assert (found["positive"], found["films"]["n"]) == ("tuberculosis", 24)
    if classes == 1:
        assert "All films are of one class" in out and found["verdict"] == "cannot_be_judged"
        assert "AUROC                      no value" in out
