"""Results in words, tables and pictures: escaped, shrunk, and under the right heading."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.helpers import shelf
from tests.helpers.linear import Linear, film
from xray.explanations import lime
from xray.reports import sections


def test_an_audit_shows_its_verdict_and_effects() -> None:
    section = sections.audit(shelf.world("one reader")["basic"])
    html = sections.notebook(section)
    assert "reads supports" in html
    assert "A support makes it call 9 more of 100 healthy people sick (5 to 13)." in html
    assert "+9.1 (+5.1 to +13.1)" in html
    assert "A sentence on basic." in html
    assert section.heading == "Verdicts"


def test_what_strangers_named_is_escaped() -> None:
    value = shelf.audit("<script>a</script>", {"tube": (2.0, 3.0)})
    value |= {"reasons": ["<b>loud</b>"], "films": "<i>films</i>"}
    value["kinds"].append({"kind": "<s>kind", "verdict": "<s>verdict", "score": "<s>"})
    value["effects"].append({"test": "<s>test", "kind": "<s>kind", "label": "<s>label"})
    for html in (
        sections.notebook(sections.audit(value)),
        sections.build([sections.audit(value)], "<u>"),
    ):
        assert not any(
            tag in html for tag in ("<script>a", "<b>loud", "<i>films", "<h1><u>", "<s>")
        )


def test_an_audit_of_an_earlier_version_shows_what_it_said() -> None:
    section = sections.audit(shelf.earlier("mine"))
    assert list(section.lines) == ["It stands low."]
    assert "not audited yet" in sections.notebook(section)


def test_a_metric_without_interval_says_so() -> None:
    rows = [("accuracy", 0.5, 0.25, 0.75, "Wilson"), ("mcc", 0.2, np.nan, np.nan, "too few")]
    metrics = pd.DataFrame(rows, columns=["metric", "value", "low", "high", "method"])
    table = sections.score_table(metrics)
    assert table["Value"].tolist() == ["0.500 (0.250 to 0.750)", "0.200 (no interval: too few)"]
    html = sections.notebook(sections.evaluation("m", "About.", metrics, ["One.", "Two."]))
    assert "Films left out: 2; the first: One." in html


def test_an_explanation_holds_two_pictures_and_warns() -> None:
    model, pixels = Linear(), film()
    found = lime.explain(model, pixels, segments=model.segments)
    html = sections.notebook(sections.explanation("linear", "It calls.", found, pixels))
    assert html.count("<img") == 2
    quarters = np.kron(np.arange(4).reshape(2, 2), np.ones((20, 24), int))
    shaky = lime.explain(model, pixels, segments=quarters)
    assert not shaky.stable
    assert shaky.why_unstable in sections.notebook(
        sections.explanation("linear", "", shaky, pixels)
    )


@pytest.mark.parametrize(
    ("shape", "shown"),
    [((300, 200), (300, 200)), ((2048, 1024), (512, 256)), ((4000, 3), (512, 1))],
)
def test_no_picture_is_larger_than_a_report_shows(
    shape: tuple[int, int], shown: tuple[int, int]
) -> None:
    assert sections.shrunk(np.zeros(shape, np.float32)).shape == shown


def test_a_report_orders_its_results_by_heading() -> None:
    made = [sections.Section(heading, heading.upper()) for heading in reversed(sections.HEADINGS)]
    html = sections.build(made, "Title")
    places = [html.index(f"<h2>{heading}</h2>") for heading in sections.HEADINGS]
    assert places == sorted(places)
    assert "Explanations" not in sections.build(made[1:], "Title").partition("<footer>")[0]
