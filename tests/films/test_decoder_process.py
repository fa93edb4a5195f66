"""The process that decodes: what it is asked and what it answers, one film after the other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.films.hostile_files import PICTURE, saved, seeds
from xray.environment import ROOT
from xray.films import decode
from xray.films.decoder_channel import Channel

COMMAND = [sys.executable, "-m", "xray.films.decoder_process"]


@pytest.fixture(scope="module")
def process() -> Iterator[tuple[subprocess.Popen[bytes], Channel]]:
    """A process that is ready, without shared memory."""
    with subprocess.Popen(
        [*COMMAND, "1024", "20", ""], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as started:
        assert started.stdin and started.stdout
        channel = Channel(started.stdout, started.stdin, None)
        assert channel.receive() == {"ready": True}
        yield started, channel
        started.stdin.close()
        assert started.wait(30) == 0, "it ends with its input"


@pytest.fixture
def channel(process: tuple[subprocess.Popen[bytes], Channel]) -> Channel:
    return process[1]


def asked(channel: Channel, data: bytes, kind: str) -> dict[str, Any]:
    channel.send({"bytes": len(data), "kind": kind, "name": "a film"}, memoryview(data))
    answer = channel.receive()
    assert answer is not None
    return answer


@pytest.mark.parametrize(
    ("seed", "kind"),
    [("jpeg", "JPEG"), ("png-16", "PNG"), ("tiff-lzw", "TIFF"), ("dicom-rle", "DICOM")],
)
def test_it_answers_what_decoding_here_gives(channel: Channel, seed: str, kind: str) -> None:
    data = seeds()[seed]
    here = decode.decode_here(data, kind, "a film")
    answer = asked(channel, data, kind)
    body = channel.take(here.levels.nbytes)
    assert answer == {
        "shape": list(here.levels.shape),
        "dtype": here.levels.dtype.name,
        "mode": here.mode,
        "quality": here.quality,
        "chroma": here.chroma,
        "tired": False,
    }
    found = np.frombuffer(body, here.levels.dtype).reshape(here.levels.shape)
    np.testing.assert_array_equal(found, here.levels)


def test_a_film_that_is_refused_is_answered_with_its_sentence(channel: Channel) -> None:
    answer = asked(channel, saved(PICTURE, "PNG")[:500], "PNG")
    assert answer["error"].startswith("a film is a damaged or incomplete PNG")
    assert answer["tired"] is False
    # And it is there for the next film.
    good = asked(channel, saved(PICTURE, "PNG"), "PNG")
    assert good["shape"] == [72, 64]
    assert len(channel.take(72 * 64)) == 72 * 64


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_an_interrupt_of_the_terminal_is_for_who_started_it(
    process: tuple[subprocess.Popen[bytes], Channel],
) -> None:
    started, channel = process
    os.kill(started.pid, signal.SIGINT)
    assert asked(channel, saved(PICTURE, "PNG"), "PNG")["shape"] == [72, 64]
    channel.take(72 * 64)
    assert started.poll() is None


def test_what_is_no_request_ends_it() -> None:
    ended = subprocess.run(
        [*COMMAND, "1024", "20", ""], input=b"[]\n", capture_output=True, cwd=ROOT, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, b'{"ready": true}\n')
