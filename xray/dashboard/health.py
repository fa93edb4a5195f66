"""Ask the dashboard on this machine whether it is well: ``python -m xray.dashboard.health``.

The exit code is 0 or 1. For health checks of containers and services; needs nothing but
Python. Port and base path are those of Streamlit's own variables.
"""

from __future__ import annotations

import os
import sys
import urllib.request


def address() -> str:
    """URL of the health endpoint."""
    port = os.environ.get("STREAMLIT_SERVER_PORT") or "8501"
    base = (os.environ.get("STREAMLIT_SERVER_BASE_URL_PATH") or "").strip("/")
    return f"http://127.0.0.1:{port}/{base + '/' if base else ''}_stcore/health"


def main() -> int:
    """0 when the dashboard answers "ok" within four seconds."""
    try:
        with urllib.request.urlopen(address(), timeout=4) as answer:
            return 0 if answer.read(16).strip() == b"ok" else 1
    except OSError as error:
        print(f"{address()}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
