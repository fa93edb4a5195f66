"""The one palette: what every colour, symbol and verdict chip means, on every page.

Derived from Okabe and Ito's set for colour-blind readers ("Color Universal Design", 2008).
A figure does not know whether it will be shown on the dark or the light theme, or printed,
so each mark has *one* colour that reaches a contrast of 3:1 (WCAG 2.2, 1.4.11) on both
backgrounds; Okabe and Ito's orange and sky blue are therefore a shade darker here. Text is
never written in these colours: words take the theme's text colour and stand beside a swatch,
or stand white on a chip of at least 4.5:1. No meaning hangs on hue alone: models also differ
by symbol and dash, verdicts by icon and words.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from xray import classes as names

#: Backgrounds and texts of the two themes; ``.streamlit/config.toml`` holds the same values.
BACKGROUND = {"dark": "#0E1116", "light": "#FFFFFF"}
PANEL = {"dark": "#171B22", "light": "#F3F5F7"}
TEXT = {"dark": "#E8EAED", "light": "#0F1318"}

#: Colours of the two classes. The same everywhere, whichever counts as positive.
NEGATIVE, POSITIVE = "#2A8FCB", "#D07A00"
#: Subtypes are shades of the positive class's orange.
SUBTYPE = {"": NEGATIVE, "bacteria": POSITIVE, "virus": "#A8743A"}
#: Split -> plotly dash.
SPLIT_DASH = {"train": "solid", "val": "dash", "test": "dot"}

#: LIME: toward the positive class is its hue, away from it the hue of the other. Brighter
#: than these, because overlays lie on films, which are dark in both themes.
TOWARD = "#F29400"
AWAY = "#45A9EA"
#: From little to much, opaque: cells that carry white words at 4.5:1 on either theme.
CELLS = [[0.0, "#3B4755"], [1.0, "#1F6FA8"]]

#: Groups of films that have no colour of their own, in order.
GROUPS = ("#2A8FCB", "#D07A00", "#2F9C5C", "#A0407C", "#7A7000")
#: Calls that are right fade into the background; what is wrong stands out.
RIGHT, WRONG = "#6A737D", "#D4572E"

#: Lines that are no data: thresholds, chance, zero.
REFERENCE = "#848B95"

#: Outlines of labelled devices on films, which are dark in both themes (Okabe and Ito's yellow).
DEVICE = "#F0E442"


@dataclass(frozen=True)
class Mark:
    """How one model is drawn: ``colour`` as #RRGGBB, plotly's ``symbol`` and ``dash``."""

    colour: str
    symbol: str
    dash: str


MODELS = {
    "basic": Mark("#2F9C5C", "circle", "solid"),
    "augmented": Mark("#D4669A", "diamond", "dash"),
    "transfer": Mark("#5F56DD", "square", "dot"),
    "whole_film": Mark("#A0407C", "triangle-left", "longdashdot"),
    "device_free": Mark("#7A7000", "triangle-up", "dashdot"),
    "device_balanced": Mark("#B23A48", "triangle-down", "longdash"),
}
#: Models without a place of their own get one of these by a hash of their name, so that a
#: model looks the same on every page, in every session and on every machine.
_OTHER_COLOURS = ("#8C6D9E", "#4C8C8A", "#A0704A", "#6F7F3A", "#4B7FB5", "#A85C78", "#6A737D")
_OTHER_SYMBOLS = ("pentagon", "hexagon", "star", "cross", "x", "hourglass", "bowtie")
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def model(name: str) -> Mark:
    """Mark of a model; the same name always gives the same mark."""
    if name in MODELS:
        return MODELS[name]
    digest = hashlib.sha256(name.encode()).digest()
    return Mark(
        _OTHER_COLOURS[digest[0] % len(_OTHER_COLOURS)],
        _OTHER_SYMBOLS[digest[1] % len(_OTHER_SYMBOLS)],
        _DASHES[digest[2] % len(_DASHES)],
    )


@dataclass(frozen=True)
class Verdict:
    """How a verdict is shown.

    Attributes
    ----------
    key : "reads_devices", "no_reliance", "inconclusive", "cannot_be_judged" or "not_audited"
    words : what people read; the kinds that are read stand in place of "devices".
    icon : name of a Material symbol.
    sign : one character for places without icon fonts (report, figures).
    colour : #RRGGBB of the chip; white words on it reach 4.5:1.
    """

    key: str
    words: str
    icon: str
    sign: str
    colour: str


VERDICTS = {
    verdict.key: verdict
    for verdict in (
        Verdict("reads_devices", "reads devices", "cable", "▲", "#B84A00"),
        Verdict("no_reliance", "no reliance that matters", "check", "○", "#0A6CA8"),
        Verdict("inconclusive", "inconclusive", "question_mark", "?", "#5B6470"),
        Verdict("cannot_be_judged", "cannot be judged", "block", "×", "#8A4FA8"),
        Verdict("not_audited", "not audited yet", "hourglass_empty", "–", "#5B6470"),
    )
}


def verdict(key: str | None) -> Verdict:
    """Verdict by its key; an absent or unknown key is an audit that was not run."""
    return VERDICTS.get(key or "not_audited", VERDICTS["not_audited"])


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def fade(colour: str, opacity: float) -> str:
    """``colour`` (#RRGGBB) at ``opacity`` in [0, 1], as CSS and plotly write it."""
    red, green, blue = _rgb(colour)
    return f"rgba({red},{green},{blue},{opacity:.3g})"


def luminance(colour: str) -> float:
    """Relative luminance in [0, 1] of #RRGGBB (WCAG 2.2)."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in _rgb(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, from 1 to 21 (WCAG 2.2)."""
    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def classes() -> dict[str, str]:
    """Colour of each class of the data set in hand, the negative one first."""
    return dict(zip(names.current().labels, (NEGATIVE, POSITIVE), strict=True))


def class_colour(label: str) -> str:
    """Colour of a class; other labels get one by their name."""
    return classes().get(label) or model(label).colour


def of_class(label: str) -> str:
    """Colour of a class."""
    return POSITIVE if names.side(label) else NEGATIVE


def symbol_of(label: str) -> str:
    """Plotly's marker symbol of a class, for figures in which both share an axis."""
    return "diamond" if names.side(label) else "circle"
