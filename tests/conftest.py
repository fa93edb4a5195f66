"""Fixtures for every test, and the rule that no test touches the caches of whoever runs it."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.browser import Browser, missing

# Before anything imports the library: TensorFlow reads this once, when it loads.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# Likewise read once: arrays of tests are so small that threads mostly wait for each other, and
# several processes test at once.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
os.environ["XRAY_CACHE"] = tempfile.mkdtemp(prefix="xray-test-cache-")
os.environ["XRAY_LABELS"] = f"sqlite:///{os.environ['XRAY_CACHE']}/labels.sqlite"
os.environ.pop("XRAY_DEVICE_LABELS", None)
atexit.register(shutil.rmtree, os.environ["XRAY_CACHE"], ignore_errors=True)


@pytest.fixture(scope="session")
def real_films() -> Path:
    """Folder of the real films (``XRAY_DATA``); the test is skipped where there is none."""
    value = os.environ.get("XRAY_DATA")
    if not value:
        pytest.skip("needs the real films: set XRAY_DATA to their folder")
    folder = Path(value)
    if not (folder / "test" / "NORMAL").is_dir():
        pytest.skip("needs the real films: XRAY_DATA holds no test/NORMAL folder")
    return folder


@pytest.fixture(scope="session")
def synthetic_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small synthetic dataset in the Kaggle layout: 24 train, 8 val and 16 test films."""
    from xray.drawing.phantoms import write_dataset

    folder = tmp_path_factory.mktemp("synthetic")
    write_dataset(folder, n_train=24, n_val=8, n_test=16, seed=7)
    return folder


@pytest.fixture
def labels_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """URL of a database of labels that nobody made yet, as ``XRAY_LABELS`` names it."""
    made = f"sqlite:///{tmp_path / 'labels.sqlite'}"
    monkeypatch.setenv("XRAY_LABELS", made)
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser; the test is skipped where there is none."""
    if why := missing():
        pytest.skip(why)
    made = Browser()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def every_look_at_files_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test changes files and looks again at once."""
    from xray.dashboard import cache

    monkeypatch.setattr(cache, "HOLD", 0.0)


@pytest.fixture(scope="module", autouse=True)
def classes_of_one_module_are_no_other_s() -> Iterator[None]:
    """What a module's own fixtures say of classes ends with it."""
    from xray import classes

    with classes.using(None):
        yield


@pytest.fixture(autouse=True)
def classes_of_one_test_are_no_other_s() -> Iterator[None]:
    """A command says which classes it speaks of, and leaves it said."""
    from xray import classes

    with classes.using(None):
        yield


@pytest.fixture(scope="session", autouse=True)
def components_looked_for_once() -> Iterator[None]:
    """Streamlit looks through all installed packages for components, for every AppTest anew."""
    from streamlit.components.v2 import manifest_scanner

    with pytest.MonkeyPatch.context() as patch:
        look = functools.cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", look)
        yield
