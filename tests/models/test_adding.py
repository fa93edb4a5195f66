"""Models of one's own: taken in whole, checked, and read as their owner declares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xray.commands.main import main
from xray.errors import ModelError
from xray.files import sha256_file
from xray.models import adding, evaluation, registry
from xray.models.card import read_card, read_cards, read_predictions

keras = pytest.importorskip("keras")
layers = keras.layers


def _saved(path: Path, units: int = 1, activation: str = "sigmoid", channels: int = 1) -> Any:
    keras.utils.set_random_seed(3)
    entry = keras.Input((24, 32, channels))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, activation="relu")(entry))
    network = keras.Model(entry, layers.Dense(units, activation=activation)(x))
    network.save(path)
    return network


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "artifacts"
    monkeypatch.setenv("XRAY_ARTIFACTS", str(folder))
    monkeypatch.delenv("XRAY_DATA", raising=False)
    return folder


def _films(n: int = 4) -> np.ndarray:
    return np.random.default_rng(1).random((n, 24, 32), dtype=np.float32)


def test_add_with_films_then_predict_by_name(
    artifacts: Path, tmp_path: Path, synthetic_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.keras"
    _saved(file)
    arguments = ["add", str(file), "--name", "mine", "--threshold", "0.4", "--scale", "byte"]
    assert main([*arguments, "--title", "My own", "--data", str(synthetic_folder)]) == 0
    card = read_card(artifacts / "models" / "mine")
    assert (card.role, card.title, card.scale, card.threshold) == ("user", "My own", "byte", 0.4)
    assert card.size == (24, 32)
    assert card.sha256 == sha256_file(file)
    stored = read_predictions("mine")
    assert len(stored) == 16
    assert set(stored["split"]) == {"test"}
    assert evaluation.reproduced(card, stored) is True
    own = registry.load(str(file), scale="byte", threshold=0.4)
    np.testing.assert_allclose(
        registry.load("mine").log_odds(_films()), own.log_odds(_films()), atol=1e-6
    )
    assert "audit mine" in capsys.readouterr().out


def test_an_h5_file_is_kept_as_keras(artifacts: Path, tmp_path: Path) -> None:
    file = tmp_path / "old.h5"
    network = _saved(file)
    adding.add(file, "old")
    said = network.predict(_films()[..., None], verbose=0)[:, 0]
    np.testing.assert_allclose(registry.load("old").probability(_films()), said, atol=1e-6)


@pytest.mark.parametrize("index", [None, 0, 1])
def test_one_unit_means_what_its_owner_says(
    artifacts: Path, tmp_path: Path, index: int | None
) -> None:
    file = tmp_path / "one.keras"
    said = _saved(file).predict(_films()[..., None], verbose=0)[:, 0]
    options = {} if index is None else {"positive_index": index}
    adding.add(file, "one", **options)
    expected = 1 - said if index == 0 else said
    np.testing.assert_allclose(registry.load("one").probability(_films()), expected, atol=1e-6)


@pytest.mark.parametrize("index", [None, 0, 1])
def test_two_way_softmax_reads_the_declared_class(
    artifacts: Path, tmp_path: Path, index: int | None
) -> None:
    file = tmp_path / "two.keras"
    network = _saved(file, 2, "softmax", channels=3)
    said = network.predict(np.repeat(_films()[..., None], 3, axis=3), verbose=0)
    adding.add(file, "two", **({} if index is None else {"positive_index": index}))
    expected = said[:, 1 if index is None else index]
    np.testing.assert_allclose(registry.load("two").probability(_films()), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--name", "../up"], "--name"),
        (["--name", "Mine"], "--name"),
        (["--name", "basic"], "recipe"),
        (["--name", "x", "--threshold", "1"], "--threshold"),
        (["--name", "x", "--positive-index", "5"], "--positive-index"),
        (["--name", "x", "--data", "nowhere"], "--data"),
    ],
)
def test_bad_options_leave_nothing_behind(
    artifacts: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    file = tmp_path / "mine.keras"
    _saved(file)
    assert main(["add", str(file), *arguments]) == 2
    error = capsys.readouterr().err.strip()
    assert words in error
    assert error.count("\n") == 0
    assert not artifacts.exists()


def test_a_name_is_taken_once(artifacts: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.keras"
    _saved(file)
    adding.add(file, "mine")
    with pytest.raises(ModelError, match="There is a model named mine"):
        adding.add(file, "mine")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04nonsense", b"GIF89a"])
def test_what_is_no_model_is_refused(artifacts: Path, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "bad.keras"
    file.write_bytes(content)
    assert main(["add", str(file), "--name", "bad"]) == 2
    assert main(["add", str(tmp_path / "absent.keras"), "--name", "bad"]) == 2
    assert main(["add", str(tmp_path), "--name", "bad"]) == 2
    assert read_cards() == []
