"""Where things live (``XRAY_*``), and what a result was made with."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from xray import __version__
from xray.errors import DatasetError

#: The checkout, or the folder that an installed package lies in.
ROOT = Path(__file__).resolve().parent.parent

#: Artifacts that travel inside an installed package; a checkout does not have this folder.
SHIPPED = Path(__file__).resolve().parent / "shipped"


def user_dir() -> Path:
    """Folder of what this user keeps: labels, and artifacts where there is no checkout."""
    home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return home / "xray-model-audit"


def artifacts_dir() -> Path:
    """Folder of everything that the app serves without computing (``XRAY_ARTIFACTS``).

    By default that of the checkout; a package installed elsewhere takes one of the user's.
    """
    home = user_dir() if SHIPPED.is_dir() else ROOT
    return Path(os.environ.get("XRAY_ARTIFACTS") or home / "artifacts")


def artifact(*parts: str) -> Path:
    """A file or folder of the artifacts, or else the one that travels in the package.

    What a verdict needs beside model and films is found by this function, so that an audit
    works wherever the package is installed.
    """
    own, shipped = artifacts_dir().joinpath(*parts), SHIPPED.joinpath(*parts)
    return shipped if shipped.exists() and not own.exists() else own


def data_dirs() -> list[Path]:
    """Folders of films named by ``XRAY_DATA``: one, or several with ``os.pathsep`` between.

    Whether they are folders is not looked at.
    """
    value = os.environ.get("XRAY_DATA", "")
    if value and Path(value).is_dir():
        # Its name may hold the separator.
        return [Path(value)]
    return [Path(part) for part in value.split(os.pathsep) if part.strip()]


def without_folders(sentence: object) -> str:
    """A sentence without where things lie on this machine, which is no reader's business."""
    said = str(sentence)
    for folder in (artifacts_dir(), *data_dirs(), ROOT):
        said = said.replace(f"{folder}{os.sep}", "").replace(str(folder), folder.name)
    return said


def data_dir() -> Path | None:
    """First folder of films named by ``XRAY_DATA``, or None when it is not set.

    Raises
    ------
    DatasetError
        It is not a folder.
    """
    path = next(iter(data_dirs()), None)
    if path is not None and not path.is_dir():
        raise DatasetError(
            f"XRAY_DATA points to {path}, which is not a folder; set it to the folder of the films."
        )
    return path


def films_dir(given: Path | None = None) -> Path:
    """The folder of films that was given, or else the first that ``XRAY_DATA`` names.

    Raises
    ------
    DatasetError
        There is none, or it is not a folder.
    """
    path = given or data_dir()
    if path is None or not path.is_dir():
        what = f"{path} is no folder of films" if path else "No folder of films is named"
        raise DatasetError(f"{what}; give --data FOLDER or set XRAY_DATA.")
    return path


def cache_dir() -> Path:
    """Folder for what can be computed again (``XRAY_CACHE``); made when absent."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "xray-model-audit"
    path = Path(os.environ.get("XRAY_CACHE") or default)
    path.mkdir(parents=True, exist_ok=True)
    return path


def memory() -> int | None:
    """Bytes of memory that this process may use; None where nobody says."""
    limits = []
    names = getattr(os, "sysconf_names", {})
    if "SC_PHYS_PAGES" in names and "SC_PAGE_SIZE" in names:
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            limits.append(int(Path(path).read_text()))
        except (OSError, ValueError):
            # No container, or one without a limit ("max").
            continue
    return min(limits, default=None)


#: Packages that decide a result.
PACKAGES = (
    "tensorflow",
    "tensorflow-cpu",
    "jax",
    "keras",
    "numpy",
    "scikit-learn",
    "opencv-python-headless",
)


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide a result."""
    found = {"python": platform.python_version(), "xray": __version__}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def described() -> str:
    """Versions in one line: "python 3.11.9, xray 0.2.0, keras 3.9.0, ..."."""
    return ", ".join(f"{name} {number}" for name, number in versions().items())
