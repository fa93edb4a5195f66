"""A hostile world: every bad upload ends in a film or in one sentence, within bounds."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.films import hostile
from tests.films.hostile_files import Case, patched, seeds
from xray.errors import FilmError
from xray.films import formats, grey, sanitize
from xray.films.decode import decode

#: Most time a film may take on a machine that does other things as well.
SECONDS = 10

SENTENCE = re.compile(r"upload\.bin [a-z][^\n<>]{5,240}\.")


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    listed = list(hostile.corpus())
    assert len({case.name for case in listed}) == len(listed)
    return {case.name: case for case in listed}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What became of each case, in a process of its own that measures what each takes."""
    if sys.platform != "linux":
        pytest.skip("needs Linux: memory is measured through /proc")
    home = tmp_path_factory.mktemp("home")
    root = Path(__file__).parents[2]
    environment = {name: str(home) for name in ("HOME", "TMPDIR", "XRAY_CACHE", "XDG_CACHE_HOME")}
    environment |= {"PYTHONPATH": str(root), "PATH": os.environ["PATH"]}
    run = subprocess.run(
        [sys.executable, "-B", "-m", "tests.films.hostile"],
        capture_output=True,
        text=True,
        cwd=home,
        env=environment,
        timeout=300,
        check=False,
    )
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert run.returncode == 0, f"crashed at {lines[-1:]}: {run.stderr[-1000:]}"
    assert not list(home.rglob("*")), "a file was left behind"
    return [line for line in lines if "outcome" in line]


def test_the_corpus_is_large_and_all_different(cases: dict[str, Case]) -> None:
    bad = [case for case in cases.values() if case.expect != "film"]
    assert len({case.data for case in bad}) >= 200
    assert sum(case.expect == "error" for case in bad) >= 200


def test_each_ends_as_it_should(cases: dict[str, Case], outcomes: list[dict[str, Any]]) -> None:
    assert {line["name"] for line in outcomes} == set(cases)
    wrong = []
    for line in outcomes:
        expect = cases[line["name"]].expect
        allowed = {"film", "error"} if expect == "either" else {expect}
        if line["outcome"] not in allowed:
            wrong.append(line)
    assert not wrong


def test_each_refusal_is_one_sentence(outcomes: list[dict[str, Any]]) -> None:
    messages = {line["message"] for line in outcomes if line["outcome"] == "error"}
    assert len(messages) > 20
    assert [message for message in messages if not SENTENCE.fullmatch(message)] == []


def test_memory_and_time_are_bounded(outcomes: list[dict[str, Any]]) -> None:
    largest = max(outcomes, key=lambda line: line["peak"])
    assert largest["peak"] < 200e6, largest
    assert max(line["own peak"] for line in outcomes) < 200e6
    assert [line for line in outcomes if line["ended"]] == [], "a decoder had to be ended"
    slowest = max(outcomes, key=lambda line: line["seconds"])
    assert slowest["seconds"] < SECONDS, slowest


def test_two_hundred_in_a_row_leave_memory_flat(outcomes: list[dict[str, Any]]) -> None:
    """Of the process that asks: the pages' own."""
    last = [line["resident"] for line in outcomes[-200:]]
    assert max(last[100:]) - max(last[:100]) < 20e6


# ---- fuzzing: valid files of each kind, spoilt ---------------------------------------------------

SEEDS = seeds()

#: A change: what to do, where (as a share of the file), and a value.
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["byte", "bit", "word", "long", "insert", "delete", "double", "zero"]),
        st.floats(0, 1, exclude_max=True),
        st.integers(0, 2**32 - 1),
    ),
    min_size=1,
    max_size=6,
)


def spoilt(data: bytes, changes: list[tuple[str, float, int]]) -> bytes:
    """Apply changes to bytes."""
    for kind, share, value in changes:
        at = int(share * max(0, len(data) - 8))
        span = 1 + value % 64
        if kind == "byte":
            data = data[:at] + bytes([value & 255]) + data[at + 1 :]
        elif kind == "bit":
            data = data[:at] + bytes([data[at] ^ 1 << value % 8]) + data[at + 1 :] if data else data
        elif kind == "word":
            data = patched(data, at, "<H", value & 0xFFFF)
        elif kind == "long":
            data = patched(data, at, ">I" if value & 1 else "<I", value)
        elif kind == "insert":
            data = data[:at] + struct.pack("<I", value) * (span // 4) + data[at:]
        elif kind == "delete":
            data = data[:at] + data[at + span :]
        elif kind == "double":
            data = data[:at] + data[max(0, at - 500) :]
        else:
            data = data[:at] + bytes(span) + data[at + span :]
    return data


def film_or_sentence(data: bytes) -> None:
    """The whole contract of ``decode``."""
    try:
        film = decode(data, "upload.bin")
    except FilmError as error:
        assert SENTENCE.fullmatch(str(error)), str(error)
        return
    assert film.pixels.dtype == np.float32
    assert film.pixels.ndim == 2
    assert min(film.pixels.shape) >= grey.MIN_SIDE
    assert film.pixels.size <= grey.MAX_PIXELS
    assert 0 <= film.pixels.min() < film.pixels.max() <= 1


FUZZ = settings(
    max_examples=int(os.environ.get("XRAY_FUZZ_EXAMPLES", "60")),
    deadline=None,
    derandomize="XRAY_FUZZ_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", SEEDS)
@FUZZ
@given(changes=CHANGES)
def test_spoilt_files(kind: str, changes: list[tuple[str, float, int]]) -> None:
    film_or_sentence(spoilt(SEEDS[kind], changes))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", SEEDS)
@FUZZ
@given(changes=CHANGES)
def test_spoilt_headers(kind: str, changes: list[tuple[str, float, int]]) -> None:
    """The same, where most decisions are taken: in the first few hundred bytes."""
    data = SEEDS[kind]
    head = 700 if kind.startswith("dicom") else 120
    film_or_sentence(spoilt(data[:head], changes) + data[head:])


@pytest.mark.filterwarnings("ignore")
@FUZZ
@given(
    magic=st.sampled_from([data[:length] for data in SEEDS.values() for length in (2, 12, 140)]),
    body=st.binary(max_size=400),
)
def test_noise_after_a_true_beginning(magic: bytes, body: bytes) -> None:
    film_or_sentence(magic + body)


@FUZZ
@given(data=st.binary(max_size=300))
def test_small_parsers_never_raise_what_is_not_announced(data: bytes) -> None:
    assert 1 <= sanitize.exif_orientation(data) <= 8
    assert 1 <= sanitize.exif_orientation(b"II*\0\x08\0\0\0" + data) <= 8
    size = formats.webp_size(b"RIFF\0\0\0\0WEBP" + data)
    assert size is None or min(size) >= 0
    assert all(isinstance(word, str) for word in formats.describe(data))
    for parser in (sanitize.jpeg, sanitize.png, sanitize.tiff):
        try:
            parser(data)
        except (ValueError, IndexError, struct.error):
            continue
