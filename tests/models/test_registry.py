"""Networks by name or file: checked before they are loaded, and kept while there is memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers import tiny
from xray.errors import ModelError
from xray.files import write_json
from xray.models import registry
from xray.models.card import WEIGHTS

keras = pytest.importorskip("keras")
layers = keras.layers


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    tiny.store(tmp_path, tiny.network())
    path = tmp_path / "tiny" / WEIGHTS
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ModelError, match="does not match the hash"):
        registry.load("tiny", tmp_path)


def test_code_in_a_model_file_is_refused(tmp_path: Path) -> None:
    entry = keras.Input((32, 32, 1))
    x = layers.Lambda(lambda t: t * 2)(entry)
    network = keras.Model(entry, layers.Dense(1, activation="sigmoid")(layers.Flatten()(x)))
    path = tmp_path / "code.keras"
    network.save(path)
    with pytest.raises(ModelError, match="safe mode"):
        registry.load(str(path))


@pytest.mark.parametrize("content", [b"", b"not a model", b"PK\x03\x04broken"])
def test_files_that_are_no_models(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.keras"
    path.write_bytes(content)
    with pytest.raises(ModelError):
        registry.load(str(path))


def test_memory_limit_drops_the_least_recently_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        tiny.store(tmp_path / name, tiny.network())
    monkeypatch.setattr(registry, "MEMORY_LIMIT", 1)
    registry._cache.clear()
    first = registry.load("tiny", tmp_path / "one")
    write_json(tmp_path / "two" / "tiny" / "card.json", {"name": "other", "size": [32, 32]})
    registry.load("tiny", tmp_path / "two")
    assert first not in registry._cache.values()
