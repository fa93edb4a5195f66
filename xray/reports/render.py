"""How a report becomes one file: the frame, its figures, and what a browser may do with it.

Figures are drawn by plotly.js, which is put into the file once (about 5 MB): so the report's
figures are the pages' figures, by the same functions, and stay sharp in print. A table stands
beside every figure, and its words are there for readers without JavaScript. The file forbids
the browser every request and every script but its own two, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import plotly.io
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from xray import __version__, classes
from xray.figures import base
from xray.reports import styles

#: Draws each figure from the JSON that follows its place; nothing in it can be clicked away.
DRAW = """
for (const node of document.querySelectorAll('script.figure')) {
  const figure = JSON.parse(node.textContent);
  const place = node.previousElementSibling;
  place.replaceChildren();
  Plotly.newPlot(place, figure.data, figure.layout, {displayModeBar: false, responsive: true});
}
"""


@dataclass(frozen=True)
class Figure:
    """A figure as a template takes it: sentence, words for who cannot see it, plotly's JSON."""

    title: str
    alt: str
    height: int
    json: Markup


def embed(figure: go.Figure) -> Figure:
    """Prepare a figure of ``xray.figures.base`` for a report, on white."""
    figure = go.Figure(figure).update_layout(template="plotly_white")
    code = str(plotly.io.to_json(figure, validate=False))
    # Inside <script> only "<" could end the element or begin a comment.
    safe = Markup(code.replace("<", "\\u003c"))
    return Figure(base.title(figure), base.alt(figure), int(figure.layout.height or 340), safe)


@cache
def _library() -> str:
    # A browser hashes what the parser gives it, in which line ends are "\n".
    return str(get_plotlyjs()).replace("\r\n", "\n").replace("\r", "\n")


@cache
def _policy() -> str:
    """Content-Security-Policy: nothing is loaded, and only the two scripts of the file run."""
    digests = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        for script in (_library(), DRAW)
    ]
    scripts = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


@cache
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Reports speak of the classes of the films in hand.
    made.globals["classes"] = classes
    made.globals["shared"] = Markup(styles.SHARED)
    return made


def render(template: str, title: str, created: datetime | None = None, **values: Any) -> str:
    """Fill in a template of ``xray/reports/templates``; every text in it is escaped.

    Parameters
    ----------
    template : file name
    title : of the document
    created : when it was made; now when None
    **values : what the template names; markup that is safe already is ``Markup``
    """
    made = created or datetime.now(UTC)
    return (
        _templates()
        .get_template(template)
        .render(
            title=title,
            created=made.strftime("%Y-%m-%d %H:%M UTC"),
            version=__version__,
            policy=_policy(),
            plotly=Markup(_library()),
            draw=Markup(DRAW),
            **values,
        )
    )


def snippet(template: str, **values: Any) -> str:
    """Fill in a template that is a piece of HTML, for a notebook: no figures, no frame."""
    return _templates().get_template(template).render(**values)
