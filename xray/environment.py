"""What a result was made with: versions of Python and of the packages that decide it."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from xray import __version__

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
