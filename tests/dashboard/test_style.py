"""The pages' own style is whole: what opens is closed, and nothing is drawn in fixed colours."""

from __future__ import annotations

import re

from xray.dashboard import style


def test_the_style_is_one_element_with_balanced_braces() -> None:
    assert style.STYLE.count("<style>") == style.STYLE.count("</style>") == 1
    assert style.STYLE.count("{") == style.STYLE.count("}")


def test_text_takes_the_colour_of_the_theme() -> None:
    """White stands on the verdicts' chips alone; all else must be read on both themes."""
    colours = re.findall(r"(?<![-\w])color:(#\w+)", style.STYLE)
    assert colours == ["#fff", "#9AA3AE"], "the other one stands on the black of a missing film"
