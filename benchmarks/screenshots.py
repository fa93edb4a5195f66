"""Pictures of the running app for the README, made with synthetic films only.

``python -m benchmarks.screenshots [--out docs]``
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.browser import THEMES, Browser, missing
from benchmarks.serving import serve
from xray.environment import ROOT

#: Picture -> (page, whether the film is explained first).
VIEWS = {"overview": ("", False), "explain": ("explain?child=12", True)}
EXPLAINED = (
    "document.querySelectorAll('.xma-head').length && !document.querySelector('.stProgress')"
)


def main() -> int:
    """Make every picture in both themes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder (default: docs)")
    out = parser.parse_args().out
    if why := missing():
        print(f"No pictures: this {why}.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder), {"XRAY_DATA": None}) as run:
        browser = Browser()
        try:
            for name, (page, explained) in VIEWS.items():
                for theme in THEMES:
                    browser.resize("desktop")
                    browser.open(f"{run.url}/{page}", theme)
                    if explained:
                        browser.press("Explain this film")
                        browser.wait(EXPLAINED, "the explanation", 600)
                        browser.settle()
                        browser.resize("desktop", height=1500)
                        browser.settle()
                    browser.picture(out / f"{name}-{theme.lower()}.png")
        finally:
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
