"""Where things live, by the variables that say so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xray import __version__, environment
from xray.errors import DatasetError


def test_folders_of_films_are_those_of_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, odd = tmp_path / "one", tmp_path / f"a{os.pathsep}b"
    odd.mkdir()
    monkeypatch.delenv("XRAY_DATA", raising=False)
    assert environment.data_dirs() == [] and environment.data_dir() is None
    with pytest.raises(DatasetError, match=r"^No folder of films is named; give --data FOLDER"):
        environment.films_dir()
    monkeypatch.setenv("XRAY_DATA", f"{one}{os.pathsep} {os.pathsep}{tmp_path}")
    assert environment.data_dirs() == [one, tmp_path]
    with pytest.raises(DatasetError, match="one, which is not a folder"):
        environment.data_dir()
    monkeypatch.setenv("XRAY_DATA", str(odd))
    assert environment.data_dirs() == [odd] and environment.data_dir() == odd


def test_folders_of_results_and_of_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path / "own"))
    monkeypatch.setenv("XRAY_CACHE", str(tmp_path / "cache"))
    assert environment.artifacts_dir() == tmp_path / "own"
    assert environment.cache_dir() == tmp_path / "cache" and (tmp_path / "cache").is_dir()
    monkeypatch.delenv("XRAY_ARTIFACTS")
    assert environment.artifacts_dir() == environment.ROOT / "artifacts"
    monkeypatch.setattr(environment, "SHIPPED", tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    assert environment.artifacts_dir() == tmp_path / "share" / "xray-model-audit" / "artifacts"


def test_versions_name_python_and_this_library() -> None:
    found = environment.versions()
    assert found["xray"] == __version__ and found["numpy"]
    assert f"xray {__version__}" in environment.described()
