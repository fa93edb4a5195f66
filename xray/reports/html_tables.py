"""Tables as HTML, for pages and the report; text in them is always escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xray.reports import html

if TYPE_CHECKING:
    # For types only: see tests/reports/test_overview.py for what the first page does without.
    import pandas as pd

#: What changes in the rows are, and what stands in the head.
_BEYOND = (
    "Calls: averaged over thresholds around the model's own. What the same shape changes without a "
    "device is taken off. Most: of wires, tubes, electrodes and clips (also pads). "
    "Supports: sandbags, cushions, hands. AUROC: 0.5 is chance."
)
#: Films of which the Overview's table counts calls.
_CALLED = ("as they are", "with the device that moves it most", "with supports")


def models_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The Overview's table: two rows a model, what was counted, and its verdict with the reason.

    Parameters
    ----------
    rows : group, name, title, chip, why, problem, accuracy, called (up to three), hidden
    """
    heads = ("Right, of 100", *_CALLED, "AUROC, lungs hidden")
    body, group = "", ""
    for row in rows:
        if row["group"] != group:
            group = row["group"]
            body += (
                '<tr class="xma-group"><th colspan="6" scope="rowgroup">'
                f"{html.escape(group)}</th></tr>"
            )
        figures = (row["accuracy"], *[*row["called"], "", "", ""][:3], row["hidden"])
        cells = "".join(
            f'<td data-label="{html.escape(head)}">{html.escape(value or "–")}</td>'
            for head, value in zip(heads, figures, strict=True)
        )
        said = f'<span class="xma-why">{html.escape(row["why"])}</span>'
        if row["problem"]:
            said += f'<div class="xma-fact">{html.escape(row["problem"])}</div>'
        body += (
            f'<tr><th scope="row">{html.swatch(row["name"])}{html.escape(row["title"])}</th>'
            f'{cells}</tr><tr class="xma-said"><td colspan="6">{html.chip(*row["chip"])} {said}'
            "</td></tr>"
        )
    return (
        '<table class="xma-models"><thead><tr><th rowspan="2" scope="col">Model</th>'
        f'<th rowspan="2" scope="col">{heads[0]}</th>'
        '<th colspan="3" scope="colgroup">Healthy called sick, of 100</th>'
        f'<th rowspan="2" scope="col">{heads[-1]}</th></tr><tr>'
        + "".join(f'<th scope="col">{head}</th>' for head in _CALLED)
        + f"</tr></thead><tbody>{body}</tbody></table>"
        f'<p class="xma-fact">{html.escape(_BEYOND)}</p>'
    )


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A small table; the first column names the row, the others hold numbers."""
    sides = ["" if i == 0 else ' class="xma-n"' for i in range(len(headers))]
    head = "".join(f"<th{s}>{html.escape(h)}</th>" for s, h in zip(sides, headers, strict=True))
    body = "".join(
        "<tr>"
        + "".join(f"<td{s}>{html.escape(str(v))}</td>" for s, v in zip(sides, row, strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        # In the keyboard's order: what lies beyond the edge can be scrolled to with its arrows.
        '<div class="xma-scroll" tabindex="0">'
        f'<table class="xma-table"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def sizes(summary: pd.DataFrame) -> str:
    """Summary of image sizes (``composition.sizes``) as a table."""
    headers = ("", "films", "mean size", "height: median, range", "width: median, range", "aspect")
    rows = [
        (
            str(row.what),
            f"{row.films:,}",
            f"{row.width:.0f} × {row.height:.0f}",
            f"{row.height_median:.0f}, {row.height_low:.0f}–{row.height_high:.0f}",
            f"{row.width_median:.0f}, {row.width_low:.0f}–{row.width_high:.0f}",
            f"{row.aspect:.2f}",
        )
        for row in list[Any](summary[summary["films"] > 0].itertuples())
    ]
    return table(headers, rows)


def agreement(rows: pd.DataFrame, of: str = "test films, two looks") -> str:
    """Agreement of two looks (``devices.agreement``) as a table; ``of`` names the films."""
    headers = (of, "films", "agreement", "Cohen's kappa", "overlap (IoU)")
    return table(
        headers,
        [
            (
                str(row.what),
                f"{row.films:,}",
                f"{100 * row.agreement:.1f} %",
                f"{row.kappa:.2f} ({row.kappa_low:.2f} to {row.kappa_high:.2f})"
                if row.kappa == row.kappa
                else "–",
                f"{row.iou:.2f}" if row.iou == row.iou else "–",
            )
            for row in list[Any](rows.itertuples())
        ],
    )


def cleaning(counts: pd.DataFrame) -> str:
    """What a cleaning list takes away (``cleaning.counts``) as a table."""
    headers = ("", "films", "on the list", "left", "share on the list")
    return table(
        headers,
        [
            (
                f"{row.split or 'all films'} {row.label}",
                *(f"{n:,}" for n in (row.films, row.gone, row.left)),
                f"{100 * row.share:.1f} %",
            )
            for row in list[Any](counts.itertuples())
        ],
    )
