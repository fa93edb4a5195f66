"""Small pieces of HTML that pages and the report share; text in them is always escaped."""

from __future__ import annotations

import base64
import html
import math
import re
from collections.abc import Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from xray.figures import palette


def escape(text: str) -> str:
    """Text from a file or a stranger, safe inside HTML."""
    return html.escape(str(text), quote=True)


#: Characters that mean something in Markdown.
_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$:<>&])")
#: Where addresses, icons and emoji begin. Streamlit looks for them in the finished text, in which a
#: character that was escaped stands like any other; so they are taken apart by what nobody sees.
_STARTS = re.compile(r"(?<=[:@])(?=\S)|(?<=www)(?=\.)", re.IGNORECASE)
#: Joins what it stands between, and is not seen.
JOINER = "\N{WORD JOINER}"


def plain(text: str) -> str:
    """Text from a link, a file or a table, out of Markdown's reach: nothing in it is markup."""
    apart = _STARTS.sub(JOINER, " ".join(str(text).splitlines()))
    return _MARKS.sub(r"\\\1", apart)


def chip(key: str | None) -> str:
    """Verdict as a chip: sign and words, white on the verdict's colour."""
    verdict = palette.verdict(key)
    return (
        f'<span class="xma-chip" style="background:{verdict.colour}">'
        f'<span aria-hidden="true">{verdict.sign}</span> {verdict.words}</span>'
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


def png(picture: NDArray[np.generic]) -> bytes:
    """PNG of a picture: (H, W) or (H, W, 3), uint8 or float in [0, 1]."""
    values = np.asarray(picture)
    if values.dtype != np.uint8:
        values = np.round(np.clip(values.astype(np.float64), 0, 1) * 255).astype(np.uint8)
    stream = BytesIO()
    Image.fromarray(values).save(stream, "PNG", optimize=True)
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


def pair(entries: Sequence[tuple[NDArray[np.generic] | str, str, str, str]]) -> str:
    """Pictures side by side, each with a large number and words under it.

    Parameters
    ----------
    entries : (picture as ``image`` takes it, alt, number, words) of each.
    """
    figures = [
        f"<figure>{image(picture, alt)}<figcaption>"
        f'<span class="xma-number">{escape(number)}</span> {escape(words)}'
        "</figcaption></figure>"
        for picture, alt, number, words in entries
    ]
    return f'<div class="xma-pair">{"".join(figures)}</div>'


def verdict_row(name: str, title: str, key: str | None, sentence: str) -> str:
    """One model's verdict: its symbol and title, the chip, and what was found."""
    return (
        f'<div class="xma-verdict"><div>{swatch(name)}<strong>{escape(title)}</strong> '
        f'{chip(key)}</div><div class="xma-fact">{escape(sentence)}</div></div>'
    )


def reading_head(name: str, title: str, probability: str, call: str) -> str:
    """What a model says of a film: its symbol and title, the probability, the call."""
    return (
        f'<div class="xma-head">{swatch(name)}<strong>{escape(title)}</strong><br>'
        f'<span class="xma-number">{escape(probability)}</span> '
        f'<span class="xma-fact">pneumonia: called {escape(call)}</span></div>'
    )
