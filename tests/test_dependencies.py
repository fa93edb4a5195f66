"""No dependency may be as old as a published flaw that was mended since."""

from __future__ import annotations

import pandas as pd
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from xray.environment import ROOT

LISTED = pd.read_csv(ROOT / "docs" / "dependencies.csv", keep_default_na=False, dtype=str)


def required(*files: str) -> dict[str, Requirement]:
    """What the files ask for, by its name on PyPI."""
    lines = [line for file in files for line in (ROOT / file).read_text("utf-8").splitlines()]
    wanted = [line.partition(" #")[0].strip() for line in lines]
    asked = [Requirement(line) for line in wanted if line and line[0].isalpha()]
    return {canonicalize_name(each.name): each for each in asked}


def floor(requirement: Requirement) -> Version:
    """The oldest version that a requirement lets in."""
    (low,) = [part.version for part in requirement.specifier if part.operator in (">=", "==")]
    return Version(low)


DIRECT = required("requirements.txt", "requirements-cluster.txt")


@pytest.mark.parametrize("name", sorted(DIRECT))
def test_no_version_with_a_mended_flaw_is_let_in(name: str) -> None:
    # One build of TensorFlow was looked up; the other has the same versions.
    rows = LISTED[LISTED["package"] == {"tensorflow": "tensorflow-cpu"}.get(name, name)]
    assert len(rows) == 1, f"{name} was never looked up; add it to docs/dependencies.csv"
    lowest = rows["lowest_clean"].item()
    if lowest:
        assert floor(DIRECT[name]) >= Version(lowest)


def test_each_row_says_what_was_found_and_where() -> None:
    status = LISTED["status"].str.partition(" (")[0]
    assert set(status) <= {"clean", "none found", "affected", "unsure"}
    assert not LISTED["package"].duplicated().any()
    found = LISTED[status != "none found"]
    assert found["latest_advisory"].str.len().gt(5).all()
    assert found["source"].str.contains("https?://", regex=True).all()
    clean = found[found["status"] == "clean"]
    for row in clean.to_dict("records"):
        assert Version(row["installed"]) >= Version(row["lowest_clean"]), row["package"]
