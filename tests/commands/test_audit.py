"""``audit`` on bad input: a sentence and exit code 2, or an inconclusive verdict and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from xray import parquet
from xray.commands.main import main

keras = pytest.importorskip("keras")
layers = keras.layers


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
    synthetic_folder: Path,
    capsys: pytest.CaptureFixture[str],
    shape: tuple[int, ...],
    units: int,
    says: str,
) -> None:
    kind = "softmax" if units > 1 else "sigmoid"
    path = _file(tmp_path, "odd", layers.Dense(units, activation=kind), shape)
    assert main(["audit", str(path), "--data", str(synthetic_folder)]) == 2
    assert says in _says(capsys)


def test_outputs_that_are_no_probabilities(
    tmp_path: Path, synthetic_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _file(
        tmp_path, "linear", layers.Dense(1, kernel_initializer="ones", bias_initializer="ones")
    )
    arguments = ["audit", str(path), "--data", str(synthetic_folder), "--output", "sigmoid"]
    assert main(arguments) == 2
    assert "outside [0, 1]" in _says(capsys)


def test_too_few_films_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from xray.drawing.phantoms import write_dataset

    write_dataset(tmp_path / "few", n_train=0, n_val=0, n_test=6, seed=1)
    path = _file(tmp_path, "plain", layers.Dense(1, activation="sigmoid"))
    assert main(["audit", str(path), "--data", str(tmp_path / "few")]) == 2
    assert "too few" in _says(capsys)


def test_a_constant_model_is_inconclusive(tmp_path: Path, synthetic_folder: Path) -> None:
    path = _file(
        tmp_path, "flat", layers.Dense(1, activation="sigmoid", kernel_initializer="zeros")
    )
    out = tmp_path / "found.json"
    # 24 films of the training split: the test split of this folder is smaller than an audit needs.
    code = main(
        [
            "audit",
            str(path),
            "--data",
            str(synthetic_folder),
            "--split",
            "train",
            "--json",
            str(out),
            "--effects",
            str(tmp_path / "effects.parquet"),
        ]
    )
    assert code == 0
    kept = parquet.read(
        tmp_path / "effects.parquet", where={"model": ["flat"], "test": ["insertion"]}
    )
    assert len(kept) and (kept["net"].abs() < 1e-6).all()
    told = parquet.summary(tmp_path / "effects.parquet")
    counted = {row["kind"]: row["rows"] for row in told["counts"] if row["test"] == "insertion"}
    assert counted == kept["kind"].value_counts().to_dict()
    (found,) = json.loads(out.read_text())
    assert found["verdict"] == "inconclusive" and found["score"] is None


def test_no_films_no_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "nothing", "--data", str(tmp_path / "gone")]) == 2
    assert "--data" in _says(capsys)
