"""One film as HTML, its labelled devices drawn over it, and small tables; all text escaped."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd

from xray.figures import palette
from xray.labels.devices import Device, Look

#: How the two looks at a film are told apart: the first in a whole line, the second in dashes.
_DASHES = ("", "stroke-dasharray:7 5;")

STYLE = """<style>
.xma-frame{position:relative;background:#000;border-radius:.4rem;overflow:hidden;line-height:0}
.xma-frame img{width:100%;display:block}
.xma-frame .xma-pixels{image-rendering:pixelated}
.xma-frame .xma-over{position:absolute;inset:0;height:100%}
.xma-frame .xma-none{aspect-ratio:1.3;display:grid;place-items:center;color:#9AA3AE;
  line-height:1.5;padding:1rem;text-align:center}
.stHtml .xma-facts{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:0;
  padding:0;font-size:.95rem;line-height:1.5}
.xma-facts dt{opacity:.72}.xma-facts dd{margin:0;overflow-wrap:anywhere}
.xma-scroll{overflow-x:auto}
.xma-table{border-collapse:collapse;font-size:.95rem;font-variant-numeric:tabular-nums}
.xma-table th{text-align:left;font-weight:600;opacity:.72}
.xma-table th,.xma-table td{padding:.35rem 1.4rem .35rem 0;white-space:nowrap;
  border-bottom:1px solid color-mix(in srgb,currentColor 16%,transparent)}
.xma-table .xma-n{text-align:right}
</style>"""


def framed(
    picture: bytes | None,
    alt: str,
    looks: Sequence[Look] = (),
    missing: str = "",
    aspect: float | None = None,
) -> str:
    """A film with the devices of each look drawn over it.

    Parameters
    ----------
    picture : JPEG or PNG; None where the film is not here
    alt : what is to be seen
    looks : see ``devices.load_geometry``; geometry in tenths of width and height
    missing : what to say in place of the picture
    aspect : width over height of the original, to which a squashed copy is stretched back
    """
    shape = f' style="aspect-ratio:{aspect:.4f}"' if aspect and 0.2 < aspect < 5 else ""
    if picture is None:
        inside = f'<div class="xma-none"{shape}>{escape(missing)}</div>'
    else:
        kind = "png" if picture.startswith(b"\x89PNG") else "jpeg"
        code = base64.b64encode(picture).decode()
        inside = f'<img src="data:image/{kind};base64,{code}" alt="{escape(alt)}"{shape}>'
    return f'<div class="xma-frame">{inside}{_overlay(looks)}</div>'


def _overlay(looks: Sequence[Look]) -> str:
    """Marked devices of every look as SVG in a box of ten by ten."""
    shapes = [
        _shape(device, _DASHES[min(place, 1)])
        for place, look in enumerate(looks)
        for device in look["devices"]
        if device["confidence"] >= 0.5
    ]
    if not shapes:
        return ""
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10" preserveAspectRatio="none">'
        f"{''.join(shapes)}</svg>"
    )
    # As a picture of its own: Streamlit lets no inline SVG through.
    code = base64.b64encode(drawing.encode()).decode()
    return f'<img class="xma-over" src="data:image/svg+xml;base64,{code}" alt="labelled devices">'


def _shape(device: Device, dash: str) -> str:
    """One device twice: a dark line under a bright one, so that it shows on any film."""
    geometry = device["geometry"]
    if device["kind"] in ("line", "tube"):
        points = " ".join(f"{float(x):.2f},{float(y):.2f}" for x, y in geometry)
        tag = f'<polyline points="{points}"'
    elif device["kind"] == "electrode":
        x, y, r = (float(value) for value in geometry)
        tag = f'<ellipse cx="{x:.2f}" cy="{y:.2f}" rx="{r:.2f}" ry="{r:.2f}"'
    else:
        x0, y0, x1, y1 = (float(value) for value in geometry)
        tag = f'<rect x="{x0:.2f}" y="{y0:.2f}" width="{x1 - x0:.2f}" height="{y1 - y0:.2f}"'
    under = "stroke:#000;stroke-opacity:.55;stroke-width:5px"
    over = f"stroke:{palette.DEVICE};stroke-width:2.5px;{dash}"
    same = "vector-effect:non-scaling-stroke;fill:none;"
    return "".join(f'{tag} style="{same}{style}"/>' for style in (under, over))


def step(picture: bytes, alt: str, pixelated: bool = False) -> str:
    """A film as a model is given it: enlarged without smoothing when ``pixelated``."""
    code = base64.b64encode(picture).decode()
    kind = ' class="xma-pixels"' if pixelated else ""
    return (
        f'<div class="xma-frame"><img{kind} src="data:image/png;base64,{code}" '
        f'alt="{escape(alt)}"></div>'
    )


def facts(known: Sequence[tuple[str, str]]) -> str:
    """Facts of a film as a list of names and values."""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in known)
    return f'<dl class="xma-facts">{rows}</dl>'


def calls(rows: Sequence[Mapping[str, str]]) -> str:
    """What each model calls a film: one row a model with title, swatch, said and outcome.

    ``swatch`` is markup of ``html.swatch``; everything else is escaped.
    """
    lines = "".join(
        f"<dt>{row['swatch']}{escape(row['title'])}</dt>"
        f"<dd>{escape(row['said'])} <strong>{escape(row['outcome'])}</strong></dd>"
        for row in rows
    )
    return f'<dl class="xma-facts">{lines}</dl>'


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A small table; the first column names the row, the others hold numbers."""
    sides = ["" if i == 0 else ' class="xma-n"' for i in range(len(headers))]
    head = "".join(f"<th{s}>{escape(h)}</th>" for s, h in zip(sides, headers, strict=True))
    body = "".join(
        "<tr>"
        + "".join(f"<td{s}>{escape(str(v))}</td>" for s, v in zip(sides, row, strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="xma-scroll"><table class="xma-table"><thead><tr>{head}</tr></thead>'
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
