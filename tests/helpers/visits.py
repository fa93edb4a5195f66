"""Pages as a visitor meets them: opened by Streamlit's own harness, read as text."""

from __future__ import annotations

import json
import time
from typing import Any

from streamlit.testing.v1 import AppTest

from xray.dashboard import navigation
from xray.environment import ROOT
from xray.reports import html

#: Of a page that failed beyond what it can say in a sentence (see ``page.guard``).
FAILED = "the server's log says why"
#: Page -> its sections, "" where it has but one. Sections that come and go are left out.
SECTIONS: dict[str, tuple[str, ...]] = {
    "browse": ("Films", "Map"),
    "explain": ("One film", "Which to trust"),
    "devices": ("What they change", "In the films", "How good is this test", "Remedies"),
    "performance": (
        *("Compare", "Operating point", "Costs", "Calibration", "Pairwise comparison"),
        "What others reported",
    ),
    "robustness": ("Where it fails", "Validation to test", "Changed films"),
    "cards": ("Models", "Runs", "What the model sees"),
    "dataset": (
        *("Classes and sizes", "Shortcuts in the data", "Outliers", "Duplicates and leakage"),
        "Splits and cleaning",
    ),
}
PAGES = [name for entries in navigation.PAGES.values() for name, *_ in entries]


def alone(page: str, /, section: str = "", **query: Any) -> AppTest:
    """A page run by itself, at a section."""
    app = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=180)
    asked = {"section": section, **query} if section else query
    for name, value in asked.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception[0].value
    assert FAILED not in words(app)
    return app


def through_app(page: str, /, section: str = "", **query: Any) -> AppTest:
    """A page as the app shows it, heavy work done."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300).run()
    if page != "overview":
        app.switch_page(f"pages/{page}.py")
    asked = {"section": section, **query} if section else query
    for name, value in asked.items():
        app.query_params[name] = value
    app.run()
    settle(app)
    return app


def go(app: AppTest, section: str) -> AppTest:
    """Go to another section of the page that is open."""
    app.segmented_control(key="section").set_value(section).run()
    settle(app)
    return app


def explain(app: AppTest) -> AppTest:
    """Ask for an explanation of the film that is open, and wait for it."""
    next(button for button in app.button if button.label == "Explain this film").click().run()
    settle(app)
    return app


def settle(app: AppTest, patience: float = 240) -> None:
    """Run until no heavy work is under way any more."""
    end = time.monotonic() + patience
    while _busy(app) and time.monotonic() < end:
        time.sleep(0.1)
        app.run()


def _busy(app: AppTest) -> bool:
    reading = any(note.value.startswith("Reading the films of") for note in app.info)
    return bool(reading or app.get("progress"))


def words(app: AppTest) -> str:
    """All that a visitor reads, markup included, escapes removed."""
    kinds = (
        *("title", "subheader", "markdown", "caption", "html", "warning", "error", "info"),
        "success",
    )
    return (
        "\n".join(
            str(getattr(element, "value", None) or getattr(element, "body", ""))
            for kind in kinds
            for element in app.get(kind)
        )
        .replace("\\", "")
        .replace(html.JOINER, "")
    )


def sections(app: AppTest, key: str = "films") -> dict[str, list[str]]:
    """Names of the films in a grid of thumbnails, by the title of their section."""
    (proto,) = [e.proto for e in app.get("bidi_component") if e.proto.id.endswith(f"-{key}")]
    data = json.loads(proto.json or proto.mixed.json)
    return {part["title"]: [film["name"] for film in part["films"]] for part in data["sections"]}


def grid(app: AppTest, key: str = "films") -> list[str]:
    """Names of the films in a grid without sections."""
    return sections(app, key)[""]
