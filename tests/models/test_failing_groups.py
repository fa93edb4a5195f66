"""Groups that are planted are found and described; where none is planted none is shown."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from xray.models import failing_groups
from xray.models.failing_groups import find

N = 1600


def films(seed: int = 0) -> tuple[np.ndarray, np.ndarray, pd.DataFrame, np.ndarray]:
    """Classes, children, facts and looks of films."""
    rng = np.random.default_rng(seed)
    facts = pd.DataFrame(
        {
            "height": rng.uniform(500, 2500, N),
            "brightness": rng.uniform(0.2, 0.7, N),
            "view is AP": np.where(rng.random(N) < 0.5, 1.0, 0.0),
        }
    )
    facts.loc[rng.random(N) < 0.1, "brightness"] = np.nan
    children = np.array([f"child {i}" for i in rng.integers(0, 700, N)])
    return rng.random(N) < 0.6, children, facts, rng.normal(size=(N, 6)).astype(np.float32)


def errs(where: np.ndarray, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([9, seed]).random(N) < np.where(where, 0.45, 0.04)


def test_a_group_of_two_facts_is_found_and_described() -> None:
    sick, children, facts, looks = films()
    where = ((facts["height"] > 1900) & (facts["view is AP"] == 1)).to_numpy()
    found = find(errs(where), sick, children, facts, looks)
    first = found.groups[0]
    both = (first.member & where).sum()
    assert both > 0.8 * where.sum() and both > 0.8 * first.member.sum()
    assert first.how == "facts" and "view is AP" in first.words and "height above" in first.words
    assert first.low < 0.45 < first.high and first.expected < 0.1 and first.p < 0.001
    # Its numbers are of the half that had no part in the search.
    assert first.n < 0.65 * first.member.sum()
    assert "errs on" in failing_groups.in_words(found, "Basic")
    assert failing_groups.table(found)["words"].iloc[0] == first.words


def test_a_neighbourhood_is_found_by_likeness() -> None:
    sick, children, facts, looks = films(1)
    far = np.linalg.norm(looks - looks[5], axis=1)
    where = far <= np.quantile(far, 0.06)
    found = find(errs(where), sick, children, facts, looks, [f"film {i}" for i in range(N)])
    best = max(found.groups, key=lambda one: (one.member & where).sum())
    assert best.how == "likeness" and best.words.startswith("a look like that of film ")
    assert (best.member & where).sum() > 0.5 * where.sum()


def test_where_nothing_is_planted_nothing_is_shown() -> None:
    shown = 0
    for seed in range(12):
        sick, children, facts, looks = films(seed)
        found = find(errs(np.zeros(N, bool), seed), sick, children, facts, looks, seed=seed)
        shown += bool(found.groups)
        assert found.tried > 50 and found.tested <= failing_groups.TESTED
    # Each with a chance of 5 % at most.
    assert shown <= 2
    assert "No group of films was found" in failing_groups.in_words(
        failing_groups.Found((), 10, 0, 5, 1), "Basic"
    )


def test_a_class_on_which_all_errs_is_no_group() -> None:
    sick, children, facts, looks = films(2)
    # Correlated with the class and with nothing else.
    facts = facts.assign(height=np.where(sick, 1000.0, 2000.0))
    errors = np.random.default_rng(3).random(N) < np.where(sick, 0.02, 0.4)
    assert find(errors, sick, children, facts, looks).groups == ()


def test_a_child_is_in_one_half() -> None:
    children = np.repeat([f"child {i}" for i in range(50)], 4)
    half = failing_groups._half(children, 0)
    assert all(len(set(half[children == child])) == 1 for child in set(children))
    assert 80 <= half.sum() <= 120


def test_films_are_described_by_facts_devices_and_metadata() -> None:
    table = pd.DataFrame(
        {
            "file": [f"f{i}" for i in range(40)],
            "height": 1000.0,
            "width": np.arange(40) + 900.0,
            "mean": 0.5,
            "contrast": np.linspace(0.1, 0.3, 40),
            "jpeg_quality": np.nan,
            "subtype": ["virus", "bacteria"] * 20,
            "mode": "L",
            "about_View": ["AP"] * 25 + ["PA"] * 15,
            "about_Age": [str(i) for i in range(40)],
        }
    )
    devices = pd.DataFrame(
        {
            name: np.linspace(0, 1, 10)
            for name in ("line", "tube", "electrode", "support", "other", "confidence", "tech_text")
        },
        index=[f"f{i}" for i in range(10)],
    )
    found = failing_groups.describe(table["file"], table, devices)
    assert {"width", "aspect", "contrast", "tube", "device", "View is AP"} <= set(found)
    # What is the same of all films, or of hardly any, tells nothing.
    assert not {"height", "brightness", "mode is L"} & set(found)
    assert not [name for name in found if name.startswith("Age")]
    assert found["tube"].isna().sum() == 30 and found["View is AP"].sum() == 25


@pytest.mark.parametrize("count", [0, 3])
def test_few_films_give_no_groups(count: int) -> None:
    facts = pd.DataFrame({"height": np.arange(40.0)})
    errors = np.arange(40) < count
    found = find(
        errors,
        np.arange(40) % 2 == 0,
        np.arange(40).astype(str),
        facts,
        np.eye(40, 8, dtype=np.float32),
    )
    assert found.groups == ()
