"""``python -m xray doctor``: what is amiss with installation, artifacts, data and hardware."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from xray.errors import XrayError

if TYPE_CHECKING:
    from xray.models.card import Card

SIGNS = {"ok": "ok  ", "note": "note", "bad": "BAD "}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``doctor``."""
    parser.add_argument("--json", type=Path, help="write what was found to this file")


def run(options: argparse.Namespace) -> None:
    """Say what was found; what does not work is an error."""
    found = examine()
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


State = Literal["ok", "note", "bad"]

ROOT = Path(__file__).resolve().parents[2]
INSTALL = "run: python -m pip install -r requirements.txt"
#: Name of this project where it is installed as a package.
PACKAGE = "xray-model-audit"

#: Python that the requirements have wheels for: from the first to the last, both included.
PYTHON = ((3, 11), (3, 13))
#: Memory in bytes under which the Explain page does not fit, and under which training is slow.
EXPLAIN, TRAIN = 2.5 * 2**30, 6 * 2**30
#: Free bytes that indexing and training keep in the cache, at most.
CACHE = 2**30


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    name : what
    state : "ok"; "note": works, with something to know; "bad": does not work
    found : what was found, in words
    advice : what to do; empty when ok
    """

    name: str
    state: State
    found: str
    advice: str = ""


def examine() -> list[Check]:
    """Look at everything; nothing is changed, and nothing is raised."""
    found: list[Check] = []
    for part in (python, packages, processor, memory, cache, artifacts, data, browser):
        try:
            found += part()
        except ImportError as error:
            found.append(Check(part.__name__, "bad", f"not looked at: {error}", INSTALL))
        except XrayError as error:
            found.append(Check(part.__name__, "bad", str(error), "see there"))
        except OSError as error:
            advice = "check that it exists and may be read"
            found.append(Check(part.__name__, "bad", str(error), advice))
    return found


def python() -> Iterator[Check]:
    """Version of Python."""
    here = sys.version_info[:2]
    words = platform.python_version()
    first, last = (".".join(map(str, end)) for end in PYTHON)
    if PYTHON[0] <= here <= PYTHON[1]:
        yield Check("Python", "ok", words)
    else:
        advice = f"make a new environment with Python {first} to {last}"
        yield Check("Python", "bad", words, advice)


def packages(requirements: Path = ROOT / "requirements.txt") -> Iterator[Check]:
    """Installed packages against ``requirements.txt``, or the metadata of an installed package."""
    from packaging.requirements import Requirement

    if requirements.is_file():
        by, asked = requirements.name, requirements.read_text(encoding="utf-8").splitlines()
    else:
        by, asked = PACKAGE, requires(PACKAGE) or []
    lines = [line.partition("#")[0].strip() for line in asked]
    wanted = [Requirement(line) for line in lines if line]
    wanted = [each for each in wanted if each.marker is None or each.marker.evaluate({"extra": ""})]
    wrong = 0
    for each in wanted:
        try:
            installed = version(each.name)
        except PackageNotFoundError:
            wrong += 1
            yield Check(f"package {each.name}", "bad", "not installed", INSTALL)
            continue
        if not each.specifier.contains(installed, prereleases=True):
            wrong += 1
            words = f"{installed}, not {each.specifier}"
            yield Check(f"package {each.name}", "bad", words, INSTALL)
    if not wrong:
        yield Check("packages", "ok", f"{len(wanted)} as {by} asks")


def processor() -> Iterator[Check]:
    """Cores and the instructions that prediction uses."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    words = f"{cores} cores, {platform.machine()}"
    info = Path("/proc/cpuinfo")
    flags = set(info.read_text(errors="replace").split()) if info.is_file() else set()
    if platform.machine() == "x86_64" and flags and "avx" not in flags:
        advice = "TensorFlow's packages need AVX: use a newer processor, or a build of your own"
        yield Check("processor", "bad", f"{words}, without AVX", advice)
        return
    if flags & {"avx512_bf16", "amx_bf16", "bf16"}:
        yield Check("processor", "ok", f"{words}, with bfloat16: --precision bfloat16 is quicker")
    else:
        advice = "leave --precision at float32: bfloat16 gains nothing on this processor"
        yield Check("processor", "note", f"{words}, without bfloat16 instructions", advice)


def memory() -> Iterator[Check]:
    """Memory of the machine, or of the container."""
    from xray import environment

    size = environment.memory()
    if size is None:
        yield Check("memory", "note", "unknown", "the Explain page needs 2.5 GB")
        return
    words = f"{size / 2**30:.1f} GB"
    if size < EXPLAIN:
        advice = "every page but Explain works; explaining films needs 2.5 GB"
        yield Check("memory", "note", words, advice)
    elif size < TRAIN:
        yield Check("memory", "note", words, "enough for the pages; training wants 6 GB")
    else:
        yield Check("memory", "ok", words)


def cache() -> Iterator[Check]:
    """Whether what can be computed again may be kept."""
    from xray.environment import cache_dir

    advice = "set XRAY_CACHE to a folder that may be written; results are computed anew until then"
    try:
        folder = cache_dir()
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        yield Check("cache", "note", f"cannot be written ({error.strerror})", advice)
        return
    free = shutil.disk_usage(folder).free
    words = f"{folder}, {free / 2**30:.1f} GB free"
    if free < CACHE:
        yield Check("cache", "note", words, "training keeps up to 1 GB there: make room")
    else:
        yield Check("cache", "ok", words)


#: What brings back what the project came with.
RESTORE = "restore it from git, or rebuild it as CONTRIBUTING.md says"


def artifacts() -> Iterator[Check]:
    """Stored results: that they are there, whole, and unchanged."""
    from xray.dataset import public_set
    from xray.files import read_table, sha256_file
    from xray.labels import devices
    from xray.models import evaluation
    from xray.models.card import models_dir, read_cards

    cards = read_cards()
    for card in cards:
        home = models_dir() / card.name
        name = f"model {card.name}"
        changed = [
            file
            for file, digest in card.files.items()
            if not (home / file).is_file() or sha256_file(home / file) != digest
        ]
        if card.problem:
            yield Check(name, "bad", card.problem, _restore(card))
        elif changed:
            words = f"{', '.join(changed)} missing or not what the card says"
            yield Check(name, "bad", words, _restore(card))
        else:
            yield Check(name, "ok", f"{len(card.files)} files as the card says")
    if not cards:
        yield Check("models", "note", "none", "train one: python -m xray train basic")
    stored = {"films of the public set": public_set.read, "device labels": devices.load}
    for name, read in stored.items():
        yield _readable(name, read, RESTORE)
    yield from _audits(cards)
    for card in cards:
        path = models_dir() / card.name / evaluation.METRICS
        if path.is_file():
            yield _readable(f"metrics {card.name}", partial(read_table, path), _restore(card))
    yield _first_page(cards)


def _restore(card: Card) -> str:
    """What brings a model's files back; git knows none that a user added."""
    again = f"add it again: python -m xray add FILE --name {card.name}"
    if card.role != "user":
        return RESTORE
    # Of a card that cannot be read, nobody knows whose it is.
    return again if card.files else f"{RESTORE}; where you added it, {again}"


def _audits(cards: list[Card]) -> Iterator[Check]:
    """The panel's record, and stored audits: readable, of this version and of these models."""
    from xray.audits import stored
    from xray.environment import artifact, artifacts_dir
    from xray.files import read_json

    if any(artifact("panel", name).is_file() for name in ("quality.csv", "panel.csv")):
        for name, read in {"panel's record": stored.quality, "panel": stored.panel}.items():
            yield _readable(name, read, RESTORE)
    else:
        yield Check("panel", "note", f"its record is {stored.UNKNOWN}")
    known = {card.name: card for card in cards}
    for path in sorted((artifacts_dir() / "audits").glob("*.json")):
        card = known.get(path.stem)
        mend = f"make it again: python -m xray audit {path.stem}"
        check = _readable(f"audit {path.stem}", partial(read_json, path), mend)
        problem = stored.why_not(read_json(path), card) if card and check.state == "ok" else ""
        what, _, advice = problem.partition("; ")
        yield Check(check.name, "note", what, advice) if problem else check


def _first_page(cards: list[Card]) -> Check:
    """Whether what is kept for the first page is of the models and tables that are here now."""
    from xray.audits.stored import stored_audits
    from xray.files import read_json
    from xray.reports import overview

    told = overview.told(cards)
    stored = read_json(overview.path()) if overview.path().is_file() else None
    parts = overview.parts(told, stored_audits(told))
    old = [part.name for part in parts if not overview.kept(part, stored)[0]]
    if not old:
        return Check("first page", "ok", f"{len(parts)} parts kept, of what is here now")
    words = f"{', '.join(old)}: not kept, or of something else; made anew at every start"
    return Check("first page", "note", words, "keep it: python -m xray showcase --front")


def _readable(name: str, read: Callable[[], object], advice: str) -> Check:
    try:
        read()
    except XrayError as error:
        return Check(name, "bad", str(error), advice)
    return Check(name, "ok", "readable")


def data() -> Iterator[Check]:
    """The films, as far as this machine has them."""
    from xray.dataset import sources
    from xray.environment import data_dirs

    folders = data_dirs()
    if not folders:
        advice = "the pages work without them; to have them: python -m xray fetch, or set XRAY_DATA"
        yield Check("films", "note", "XRAY_DATA is not set", advice)
    for folder in folders:
        try:
            yield Check("films", "ok", f"{len(sources.paths(folder)):,} in {folder}")
        except XrayError as error:
            yield Check("films", "bad", str(error), "correct XRAY_DATA")


def browser() -> Iterator[Check]:
    """Chromium and its driver, which only the browser tests need."""
    driver = shutil.which("chromedriver")
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    if driver and any(map(shutil.which, names)):
        yield Check("browser for tests", "ok", driver)
    else:
        advice = "only the browser tests need it: apt-get install chromium chromium-driver"
        yield Check("browser for tests", "note", "no Chromium with its driver", advice)
