"""What one end of the line sends the other takes, by pipe and in shared memory."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from xray.films.decoder_channel import Channel

HAS_SHARED = hasattr(os, "memfd_create")


@pytest.fixture(params=["pipe", "shared memory"])
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[Channel, Channel]]:
    """Two ends that hear each other."""
    if request.param == "shared memory" and not HAS_SHARED:
        pytest.skip("needs memory that has no name")
    shared = os.memfd_create("test") if request.param == "shared memory" else None
    (read_a, write_b), (read_b, write_a) = os.pipe(), os.pipe()
    streams = [os.fdopen(read_a, "rb"), os.fdopen(write_a, "wb")]
    streams += [os.fdopen(read_b, "rb"), os.fdopen(write_b, "wb")]
    yield Channel(*streams[:2], shared), Channel(*streams[2:], shared)
    for stream in streams:
        stream.close()
    if shared is not None:
        os.close(shared)


def test_facts_and_bytes_come_as_they_were_sent(ends: tuple[Channel, Channel]) -> None:
    one, other = ends
    one.send({"name": "胸部\n", "bytes": 5}, memoryview(b"\0\n{}\xff"))
    one.send({"next": [1, None, 0.5]})
    assert other.receive() == {"name": "胸部\n", "bytes": 5}
    assert other.take(5) == b"\0\n{}\xff"
    assert other.receive() == {"next": [1, None, 0.5]}
    other.send({"ready": True})
    assert one.receive() == {"ready": True}


def test_many_bytes_fill_what_waits_for_them(ends: tuple[Channel, Channel]) -> None:
    """More than a pipe holds, so that both must be at work at once."""
    one, other = ends
    data = os.urandom(300_000)
    sending = threading.Thread(target=one.send, args=({"shape": []}, memoryview(data)))
    sending.start()
    assert other.receive() == {"shape": []}
    body = bytearray(len(data))
    assert other.fill(memoryview(body))
    sending.join(10)
    assert bytes(body) == data


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"no facts\n",
        b"[1]\n",
        b"3\n",
        b"\xff\n",
        b"[" * 4_000 + b"\n",
        b'{"long": "' + b"x" * 5_000 + b'"}\n',
    ],
    ids=["gone", "words", "list", "number", "no text", "nested", "long"],
)
def test_what_is_no_line_of_facts_is_none(line: bytes) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as there:
        there.write(line)
    with os.fdopen(reading, "rb") as here:
        assert Channel(here, here, None).receive() is None


def test_bytes_that_do_not_all_come_are_told() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as there:
        there.write(b"abc")
    with os.fdopen(reading, "rb") as here:
        assert not Channel(here, here, None).fill(memoryview(bytearray(4)))


@pytest.mark.skipif(not HAS_SHARED, reason="needs memory that has no name")
def test_shared_memory_gives_as_many_bytes_as_there_are() -> None:
    shared = os.memfd_create("test")
    try:
        os.write(shared, b"abc")
        with open(os.devnull, "r+b") as nobody:
            channel = Channel(nobody, nobody, shared)
            assert channel.take(10) == b"abc"
            assert channel.fill(memoryview(bytearray(3)))
            assert not channel.fill(memoryview(bytearray(4)))
    finally:
        os.close(shared)
