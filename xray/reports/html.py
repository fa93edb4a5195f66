"""Small pieces of HTML that pages and the report share; text in them is always escaped."""

from __future__ import annotations

import base64
import html
import math
import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from xray import classes
from xray.figures import palette

if TYPE_CHECKING:
    # For types only: see tests/reports/test_overview.py for what the first page does without.

    from xray.labels.devices import Device, Look


def escape(text: str) -> str:
    """Text from a file or a stranger, safe inside HTML."""
    return html.escape(str(text), quote=True)


#: Characters that mean something in Markdown.
_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$:<>&])")
#: Where addresses, icons and emoji begin. Streamlit looks for them in the finished text, in which a
#: character that was escaped stands like any other; so they are taken apart by what nobody sees.
_STARTS = re.compile(r"(?<=[:@])(?=\S)|(?<=www)(?=\.)", re.IGNORECASE)
#: The same, and where links and footnotes begin, for text that is not escaped.
_CHOICES = re.compile(r"(?<=[:@\]<])(?=\S)|(?<=\[)(?=\^)|(?<=www)(?=\.)", re.IGNORECASE)
#: Joins what it stands between, and is not seen.
JOINER = "\N{WORD JOINER}"


def plain(text: str) -> str:
    """Text from a link, a file or a table, out of Markdown's reach: nothing in it is markup."""
    apart = _STARTS.sub(JOINER, " ".join(str(text).splitlines()))
    return _MARKS.sub(r"\\\1", apart)


def label(text: str) -> str:
    """Text as one of several choices, which Streamlit reads as Markdown and puts into links.

    There escapes would be seen, so that what makes links, pictures, icons, colours and formulas is
    taken apart instead; most text stays as it is. A name can still make itself bold.
    """
    apart = _CHOICES.sub(JOINER, " ".join(str(text).splitlines()))
    return apart.replace("$", "\N{FULLWIDTH DOLLAR SIGN}")


def chip(key: str | None, words: str = "") -> str:
    """Verdict as a chip: sign and words, white on the verdict's colour.

    Parameters
    ----------
    words : in place of the verdict's own, such as "reads supports" (``sentences.chip``)
    """
    verdict = palette.verdict(key)
    return (
        f'<span class="xma-chip" style="background:{verdict.colour}">'
        f'<span aria-hidden="true">{verdict.sign}</span> {escape(words or verdict.words)}</span>'
    )


def swatch(name: str) -> str:
    """A model's symbol in its colour, as an inline picture that screen readers skip."""
    mark = palette.model(name)
    picture = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" '
        f'fill="{mark.colour}">{_shape(mark.symbol)}</svg>'
    )
    code = base64.b64encode(picture.encode()).decode()
    return f'<img class="xma-swatch" src="data:image/svg+xml;base64,{code}" alt="">'


def _shape(symbol: str) -> str:
    """SVG of a plotly marker symbol in a box of 16."""
    plus = "M6 1h4v5h5v4h-5v5H6v-5H1V6h5z"
    polygons = {
        "square": "3,3 13,3 13,13 3,13",
        "diamond": "8,1 15,8 8,15 1,8",
        "triangle-up": "8,2 15,14 1,14",
        "triangle-down": "1,2 15,2 8,14",
        "hourglass": "2,2 14,2 2,14 14,14",
        "bowtie": "2,2 14,14 14,2 2,14",
        "pentagon": _regular(5),
        "hexagon": _regular(6),
        "star": _regular(10, inner=0.45),
    }
    if symbol == "cross":
        return f'<path d="{plus}"/>'
    if symbol == "x":
        return f'<path d="{plus}" transform="rotate(45 8 8)"/>'
    if symbol in polygons:
        return f'<polygon points="{polygons[symbol]}"/>'
    return '<circle cx="8" cy="8" r="6"/>'


def _regular(corners: int, inner: float = 1.0) -> str:
    """Points of a regular polygon, every second corner drawn in by ``inner``."""
    points = []
    for i in range(corners):
        radius, turn = 7 * (inner if i % 2 else 1.0), 2 * math.pi * i / corners
        points.append(f"{8 + radius * math.sin(turn):.3g},{8 - radius * math.cos(turn):.3g}")
    return " ".join(points)


def png(picture: NDArray[np.generic], small: bool = False) -> bytes:
    """PNG of a picture: (H, W) or (H, W, 3), uint8 or float in [0, 1].

    ``small`` saves a sixth of its bytes and takes sixteen times as long: for what is stored.
    """
    values = np.asarray(picture)
    if values.dtype != np.uint8:
        values = np.round(np.clip(values.astype(np.float64), 0, 1) * 255).astype(np.uint8)
    stream = BytesIO()
    Image.fromarray(values).save(stream, "PNG", optimize=small, compress_level=9 if small else 3)
    return stream.getvalue()


def image(picture: NDArray[np.generic] | str, alt: str) -> str:
    """A picture as an ``<img>`` that carries its own bytes.

    Parameters
    ----------
    picture : as ``png`` takes it, or the base64 of a PNG.
    alt : what is to be seen.
    """
    code = escape(picture) if isinstance(picture, str) else base64.b64encode(png(picture)).decode()
    return f'<img class="xma-film" src="data:image/png;base64,{code}" alt="{escape(alt)}">'


Polygons = Sequence[Sequence[Sequence[float]]]


def pair(
    entries: Sequence[tuple[NDArray[np.generic] | str, str, str, str]],
    outlines: Sequence[Polygons] = (),
) -> str:
    """Pictures side by side, each with a large number and words under it.

    Parameters
    ----------
    entries : (picture as ``image`` takes it, alt, number, words) of each
    outlines : of each picture, what is outlined on it: closed polygons of points in shares of
        width and height
    """
    figures = [
        f'<figure><div class="xma-frame">{image(picture, alt)}{_outlined(drawn)}</div>'
        f'<figcaption><span class="xma-number">{escape(number)}</span> {escape(words)}'
        "</figcaption></figure>"
        for (picture, alt, number, words), drawn in zip(
            entries, outlines or [()] * len(entries), strict=True
        )
    ]
    return f'<div class="xma-pair">{"".join(figures)}</div>'


def pair_of(films: Sequence[Mapping[str, Any]]) -> str:
    """Pictures of the first page (``overview.picture``) side by side."""
    entries = [(each["png"], each["alt"], each["number"], each["words"]) for each in films]
    return pair(entries, [each.get("outline", ()) for each in films])


def _outlined(polygons: Polygons) -> str:
    """Outlines over a picture."""
    tags = [
        '<polygon points="{}"'.format(" ".join(f"{10 * x:.2f},{10 * y:.2f}" for x, y in points))
        for points in polygons
    ]
    return _over([tag for each in tags for tag in _twice(each)], "outline of the device")


def verdict_row(
    name: str,
    title: str,
    shown: Sequence[str],
    sentence: str,
    why: str = "",
    facts: Sequence[Sequence[str]] = (),
) -> str:
    """One model's verdict: its symbol and title, the chip, why, what was found, and facts.

    Parameters
    ----------
    shown : key and words of the chip (``sentences.chip``)
    facts : name and value of each
    """
    said = f' <span class="xma-why">{escape(why)}</span>' if why else ""
    cells = "".join(
        f"<div><dt>{escape(name_)}</dt><dd>{escape(value)}</dd></div>" for name_, value in facts
    )
    found = f'<div class="xma-fact">{escape(sentence)}</div>' if sentence else ""
    listed = f'<dl class="xma-measured">{cells}</dl>' if cells else ""
    return (
        f'<div class="xma-verdict"><div>{swatch(name)}<strong>{escape(title)}</strong> '
        f"{chip(*shown)}{said}</div>{found}{listed}</div>"
    )


def reading_head(name: str, title: str, probability: str, call: str) -> str:
    """What a model says of a film: its symbol and title, the probability, the call."""
    return (
        f'<div class="xma-head">{swatch(name)}<strong>{escape(title)}</strong><br>'
        f'<span class="xma-number">{escape(probability)}</span> '
        f'<span class="xma-fact">{escape(classes.spoken())}: called {escape(call)}</span></div>'
    )


#: How the two looks at a film are told apart: the first in a whole line, the second in dashes.
_DASHES = ("", "stroke-dasharray:7 5;")


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
        (_drawn(device), _DASHES[min(place, 1)])
        for place, look in enumerate(looks)
        for device in look["devices"]
        if device["confidence"] >= 0.5
    ]
    return _over([tag for shape in shapes for tag in _twice(*shape)], "labelled devices")


def _over(shapes: Sequence[str], alt: str) -> str:
    """SVG shapes in a box of ten by ten, over a picture."""
    if not shapes:
        return ""
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10" preserveAspectRatio="none">'
        f"{''.join(shapes)}</svg>"
    )
    # As a picture of its own: Streamlit lets no inline SVG through.
    code = base64.b64encode(drawing.encode()).decode()
    return f'<img class="xma-over" src="data:image/svg+xml;base64,{code}" alt="{escape(alt)}">'


def _drawn(device: Device) -> str:
    """The open tag of one device."""
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
    return tag


def _twice(tag: str, dash: str = "") -> tuple[str, str]:
    """A shape twice: a dark line under a bright one, so that it shows on any film."""
    under = "stroke:#000;stroke-opacity:.55;stroke-width:5px"
    over = f"stroke:{palette.DEVICE};stroke-width:2.5px;{dash}"
    same = "vector-effect:non-scaling-stroke;fill:none;"
    return f'{tag} style="{same}{under}"/>', f'{tag} style="{same}{over}"/>'


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
    return f'<dl class="xma-facts xma-calls">{lines}</dl>'
