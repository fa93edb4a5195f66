"""``python -m xray doctor``."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from xray.commands import checks
from xray.errors import XrayError

SIGNS = {"ok": "ok  ", "note": "note", "bad": "BAD "}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``doctor``."""
    parser.add_argument("--json", type=Path, help="write what was found to this file")


def run(options: argparse.Namespace) -> None:
    """Say what was found; what does not work is an error."""
    found = checks.examine()
    for i, check in enumerate(found):
        print(f"{SIGNS[check.state]}  {check.name}: {check.found}")
        # The same advice for many packages is said once, after the last.
        if check.advice and (i + 1 == len(found) or found[i + 1].advice != check.advice):
            print(f"      {check.advice}")
    if options.json:
        # Not by xray.files, which needs packages that may be what is missing.
        options.json.write_text(json.dumps([asdict(check) for check in found], indent=1) + "\n")
    bad = sum(check.state == "bad" for check in found)
    if bad:
        raise XrayError(f"{bad} of {len(found)} checks failed; each says above what to do.")
