"""The table over many films, and the methods on one film before anything is asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from tests.helpers import shelf
from xray.dashboard.views import trust
from xray.explanations import comparison


def app() -> None:
    """The section by itself."""
    from xray.dashboard.views import trust

    trust.show()


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = shelf.build(tmp_path)
    monkeypatch.setenv("XRAY_ARTIFACTS", str(home))
    monkeypatch.delenv("XRAY_DATA", raising=False)
    return home


def measured() -> pd.DataFrame:
    """Rows as ``comparison.compare`` gives them of some films of two networks."""
    rng = np.random.default_rng(0)
    rows = [
        {
            "method": method,
            **dict.fromkeys(comparison.MEASURES, float(rng.random())),
            "model": model,
            "answer": answer,
            "file": str(film),
            "child": str(film),
        }
        for method in ("lime", "occlusion")
        for film in range(4)
        for model, answer in (("basic", ""), ("peak-line-all-film-s0", "line"))
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda lines: [*lines[:25], lines[25][:20]], "cut off or damaged and left out"),
        (lambda lines: [*lines[:5], lines[5].replace(",0.", ",x."), *lines[6:]], "1 row of"),
        (lambda lines: lines[:34], "lacks methods for"),
        (lambda lines: ["nothing", *lines[1:]], "cannot be read"),
        (lambda lines: [], "cannot be read"),
    ],
)
def test_damaged_table_says_what_is_left_out_and_how_to_make_it_anew(
    artifacts: Path, spoil: Callable[[list[str]], list[str]], said: str
) -> None:
    lines = comparison.summarise(measured()).to_csv(index=False).splitlines()
    (artifacts / trust.FILE).write_text("\n".join(spoil(lines)))
    page = AppTest.from_function(app, default_timeout=120).run()
    assert not page.exception
    sentence = page.warning[0].value.replace("\\", "")
    assert len(page.warning) == 1
    assert said in sentence and trust.FILE in sentence and trust.COMMAND in sentence
    assert len(sentence.split()) <= 20


def words(page: AppTest) -> str:
    return " ".join(
        [
            *(each.value for each in (*page.markdown, *page.caption)),
            *(each.proto.body for each in page.get("html")),
        ]
    )


def test_before_it_was_measured_the_command_is_named(artifacts: Path) -> None:
    page = AppTest.from_function(app, default_timeout=120).run()
    assert not page.exception
    assert "Not measured yet" in words(page) and trust.COMMAND in page.code[-1].value
    assert "Compare them on this film" in [button.label for button in page.button]


def test_means_are_shown_with_intervals_and_known_answers(artifacts: Path) -> None:
    comparison.summarise(measured()).to_csv(artifacts / trust.FILE, index=False)
    page = AppTest.from_function(app, default_timeout=120).run()
    assert not page.exception and not page.warning
    said = words(page)
    assert "4 test films" in said and "Where the answer is known" in said
    table = comparison.summarise(measured())
    row = table[(table["measure"] == "deletion") & (table["model"] == "basic")].iloc[0]
    assert f"{row['mean']:.2f}\n({row['low']:.2f} to {row['high']:.2f})" in said
    assert "4 films" in said and "0.5 is chance" in said


@pytest.mark.parametrize(("low", "clear"), [(0.45, 1), (0.35, 0)])
def test_the_title_says_how_much_better_the_best_is_and_for_how_many_models(
    artifacts: Path, low: float, clear: int
) -> None:
    table = comparison.summarise(pd.concat([measured(), measured().assign(model="transfer")]))
    for model, method, told in (
        ("basic", "lime", (0.3, 0.2, 0.4)),
        ("basic", "occlusion", (0.5, low, 0.6)),
        ("transfer", "lime", (0.2, 0.1, 0.3)),
        ("transfer", "occlusion", (0.1, 0.0, 0.2)),
    ):
        row = (table["model"] == model) & (table["method"] == method)
        row &= (table["measure"] == "deletion") & (table["answer"] == "")
        table.loc[row, ["mean", "low", "high"]] = told
    table.to_csv(artifacts / trust.FILE, index=False)
    page = AppTest.from_function(app, default_timeout=120).run()
    assert page.title[0].value.replace("\\", "") == (
        "Occlusion points best at what moves a call: deletion 0.30 on average, clearly best for "
        f"{clear} of 2 models"
    )
