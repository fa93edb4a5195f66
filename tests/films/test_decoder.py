"""Decoding happens elsewhere, within limits: what takes too much is ended, and the next one works.

The checks of headers would refuse these films first; the processes started here leave them out.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.films.hostile_dicom import around, codestream
from tests.films.hostile_files import GREY, PICTURE, saved, seeds
from tests.films.hostile_pictures import shared_tiles
from xray.environment import ROOT
from xray.errors import FilmError, XrayError
from xray.files import read_json
from xray.films import decode as films
from xray.films import decoder, grey
from xray.films.decode import decode
from xray.films.pixels import as_float

PNG = saved(PICTURE, "PNG")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")

Broken = Callable[..., None]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[Broken]:
    """Let the decoders run other code before they wait, with other limits."""

    def start(code: str = "", memory: float = 1024, seconds: float = 10) -> None:
        lines = (
            "import os, sys, time",
            "from xray.films import decode as films, decoder_process, dicom",
            code,
        )
        last = "decoder_process.main(sys.argv[1:])"
        monkeypatch.setattr(decoder, "PROGRAM", ("-c", "\n".join((*lines, last))))
        monkeypatch.setenv("XRAY_DECODE_MEMORY", str(memory))
        monkeypatch.setenv("XRAY_DECODE_SECONDS", str(seconds))

    decoder._close()
    yield start
    decoder._close()


def own() -> list[psutil.Process]:
    """Decoders of this process."""
    return [
        child
        for child in psutil.Process().children()
        if "decoder_process" in " ".join(child.cmdline())
    ]


#: Does something instead of decoding a film called "bad".
BAD = """
real = films.decode_here
films.decode_here = lambda data, kind, name: {} if name == "bad" else real(data, kind, name)
"""


def test_the_next_film_works_after_one_that_took_too_long(broken: Broken) -> None:
    broken(BAD.format("time.sleep(60)"), seconds=1)
    assert decode(PNG).width == 64
    first = own()
    start = time.monotonic()
    with pytest.raises(FilmError, match=r"^bad took more than 1 seconds to decode, .*\.$"):
        decode(PNG, "bad")
    assert time.monotonic() - start < 8
    assert decode(PNG).width == 64
    assert not {child.pid for child in first} & {child.pid for child in own()}


def test_time_counts_from_when_the_decoder_is_ready(broken: Broken) -> None:
    broken("time.sleep(2)", seconds=1)
    assert decode(PNG).width == 64


@LINUX
def test_jpeg_2000_in_tiny_precincts_stays_below_the_memory(broken: Broken) -> None:
    broken("dicom.is_costly = lambda stream: False", memory=300)
    with pytest.raises(FilmError, match=r"^bad took more than 300 MiB of memory to decode; .*\.$"):
        decode(around(codestream(3000), 3000), "bad")
    assert decode(PNG).width == 64


def test_a_tiff_read_over_and_over_stays_below_the_time(broken: Broken) -> None:
    broken("films._check_tiles = lambda *_: None", seconds=1)
    for case in shared_tiles():
        with pytest.raises(FilmError, match=r"^bad took more than 1 seconds to decode, .*\.$"):
            decode(case.data, "bad")
    assert decode(PNG).width == 64


@pytest.mark.parametrize(
    "does", ["os.abort()", "os._exit(0)", "(_ for _ in ()).throw(RuntimeError('secret'))"]
)
def test_a_decoder_that_breaks_is_replaced(broken: Broken, does: str) -> None:
    broken(BAD.format(does))
    with pytest.raises(FilmError, match=r"^bad broke the decoder, .*\.$"):
        decode(PNG, "bad")
    assert decode(PNG).width == 64


@pytest.mark.parametrize(
    "answer",
    [
        {"shape": [30_000, 30_000], "dtype": "uint8"},
        {"shape": [-5, -5], "dtype": "uint8"},
        {"shape": "64", "dtype": "uint8"},
        {"shape": [64, 72], "dtype": "object"},
        {"shape": [64, 72, 3], "dtype": "uint8"},
        {"ready": True},
    ],
    ids=str,
)
def test_a_decoder_that_was_taken_over_is_not_believed(
    broken: Broken, answer: dict[str, object]
) -> None:
    broken(f"decoder_process._answer = lambda *_: ({answer!r}, memoryview(bytes(4608)))")
    with pytest.raises(FilmError, match="film broke the decoder"):
        decode(PNG)


def test_its_words_are_short_and_printable(broken: Broken) -> None:
    broken("decoder_process._answer = lambda *_: ({'error': 'a\\x1b\\n\\u202e' * 100}, None)")
    with pytest.raises(FilmError) as caught:
        decode(PNG)
    assert set(str(caught.value)) == {"a"}


def test_what_libraries_print_does_not_enter_the_answer(broken: Broken) -> None:
    broken(BAD.format("(print('noise', flush=True), real(data, kind, name))[1]"))
    assert decode(PNG, "bad").width == 64


def test_many_threads_share_few_decoders(broken: Broken) -> None:
    broken()
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: decode(PNG, f"{number}"), range(100)))
    assert [film.name for film in made] == [str(number) for number in range(100)]
    assert all(np.array_equal(film.pixels, made[0].pixels) for film in made)
    assert 1 <= len(own()) <= decoder.PROCESSES


def test_one_thread_needs_one_decoder(broken: Broken) -> None:
    broken()
    for _ in range(5):
        decode(PNG)
    assert len(own()) == 1


def test_a_decoder_that_died_unseen_is_replaced(broken: Broken) -> None:
    broken()
    decoder.warm()
    decode(PNG)
    (process,) = own()
    process.kill()
    process.wait(10)
    assert decode(PNG).width == 64


def test_decoders_end_with_who_started_them(tmp_path: Path) -> None:
    code = (
        "import sys, time, psutil; from xray.films import decode as films\n"
        "films.decode(open(sys.argv[1], 'rb').read())\n"
        "print(*[p.pid for p in psutil.Process().children()], flush=True); time.sleep(60)"
    )
    path = tmp_path / "film.png"
    path.write_bytes(PNG)
    parent = subprocess.Popen(
        [sys.executable, "-c", code, path],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert parent.stdout
    children = [psutil.Process(int(number)) for number in parent.stdout.readline().split()]
    assert children
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert psutil.wait_procs(children, timeout=10)[1] == []


def test_decoders_know_no_passwords(broken: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XRAY_LABELS", "postgresql://someone:secret@host/labels")
    broken()
    decode(PNG)
    (process,) = own()
    assert "secret" not in str(process.environ())


@pytest.mark.parametrize("variable", ["XRAY_DECODE_MEMORY", "XRAY_DECODE_SECONDS"])
@pytest.mark.parametrize("value", ["much", "0", "-1", "nan", "inf"])
def test_settings_that_are_no_numbers(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(XrayError, match=rf"^{variable} is '{value}'; set it to a number above 0"):
        decode(PNG)


def test_a_decoder_that_cannot_start_is_said(broken: Broken) -> None:
    broken("sys.exit(3)")
    with pytest.raises(XrayError, match="did not start"):
        decode(PNG)


def test_the_film_s_own_sentence_stays_where_no_other_process_can_be_started(
    broken: Broken, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(BAD.format("os.abort()"))
    decode(PNG)

    def full(*_: object, **__: object) -> None:
        raise BlockingIOError("no more processes")

    with monkeypatch.context() as patch:
        patch.setattr(decoder.subprocess, "Popen", full)
        with pytest.raises(FilmError, match="bad broke the decoder"):
            decode(PNG, "bad")
        with pytest.raises(XrayError, match="No process can be started"):
            decode(PNG)
    assert decode(PNG).width == 64


def test_pixels_are_the_same_without_shared_memory(
    broken: Broken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on macOS and Windows."""
    here = {kind: decode(data).pixels for kind, data in seeds().items()}
    decoder._close()
    monkeypatch.delattr(os, "memfd_create", raising=False)
    broken()
    for kind, data in seeds().items():
        assert np.array_equal(decode(data).pixels, here[kind]), kind


def test_only_plain_films_of_own_folders_are_decoded_here(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        decoder, "decode", lambda data, kind, name: (asked.append(name), real(data, kind, name))[1]
    )
    for kind, data in seeds().items():
        decode(data, kind, own=True)
    plain = {"jpeg", "png", "png-16", "png-palette"}
    assert set(asked) == set(seeds()) - plain
    asked.clear()
    for kind, data in seeds().items():
        decode(data, kind)
    assert set(asked) == set(seeds())


real = decoder.decode


def test_a_film_is_bounded_by_what_its_decoder_reads() -> None:
    film = seeds()["jpeg"]
    assert decoder.is_bounded(film, "JPEG")
    at = film.index(b"\xff\xc0")
    second = film[at : at + 2 + int.from_bytes(film[at + 2 : at + 4])]
    assert not decoder.is_bounded(film[:at] + second + film[at:], "JPEG"), "two sizes"
    scan = film.index(b"\xff\xda")
    assert not decoder.is_bounded(film[:-2] + film[scan:-2] * 9 + film[-2:], "JPEG"), "many scans"
    assert not decoder.is_bounded(film[: at + 1], "JPEG"), "cut"
    large = saved(PICTURE.resize((3000, 2700)), "JPEG")
    assert not decoder.is_bounded(large, "JPEG"), "more than SMALL"
    png = bytearray(PNG)
    png[28] = 1
    assert not decoder.is_bounded(bytes(png), "PNG"), "interlaced"
    assert not decoder.is_bounded(PNG[:33] + PNG[8:], "PNG"), "two headers"
    assert not decoder.is_bounded(seeds()["webp"], "WEBP")


def test_the_child_gives_what_decoding_here_gives() -> None:
    for kind, data in seeds().items():
        film = decode(data, kind)
        levels, mode, quality, colour = films.decode_here(data, film.format, kind)
        assert np.array_equal(film.pixels, as_float(levels)), kind
        assert (film.mode, film.jpeg_quality, film.chroma) == (mode, quality, colour)


@pytest.mark.slow
def test_the_benchmark_measures_and_writes(synthetic_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "decoding.json"
    command = [sys.executable, "-m", "benchmarks.decoding", str(synthetic_folder), "--repeats", "1"]
    subprocess.run([*command, "--json", str(out)], cwd=ROOT, check=True, timeout=120)
    found = read_json(out)
    assert found["name"] == "decoding" and len(found["rows"]) == 5
    assert found["most added (ms)"] == max(row["added_ms"] for row in found["rows"])


def test_chroma_of_a_colour_film() -> None:
    red = np.stack([GREY, GREY // 2, GREY // 2], axis=2)
    assert decode(saved(films.Image.fromarray(red), "PNG")).chroma == pytest.approx(
        (GREY - GREY // 2).mean() / 510, rel=0.05
    )
    assert grey.distance_from_grey(red) == pytest.approx((GREY - GREY // 2).mean() / 510, rel=1e-6)
    assert decode(PNG).chroma == 0


def test_a_stop_in_between_does_not_mix_answers(broken: Broken) -> None:
    """Whoever is interrupted while he waits leaves a decoder that is not used again."""
    if threading.current_thread() is not threading.main_thread() or os.name != "posix":
        pytest.skip("signals reach the main thread only")
    broken(BAD.format("(time.sleep(3), real(data, kind, name))[1]"))
    decode(PNG)
    other = saved(PICTURE.resize((50, 60)), "PNG")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        with pytest.raises(KeyboardInterrupt):
            decode(other, "bad")
    finally:
        signal.signal(signal.SIGALRM, before)
    assert decode(PNG).width == 64
