"""Decode films in processes of their own, with limits on memory and time.

Checks of headers refuse the bombs that are known; a limit refuses all others. Every film from
outside is therefore decoded by a process that waits for it with its imports done, and that is
ended and replaced when it takes too much. What comes back is JSON and pixels, never a pickle.

The one exception, in one place: ``is_bounded``.
"""

from __future__ import annotations

import atexit
import math
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xray.errors import FilmError, XrayError
from xray.files import sha256_bytes
from xray.films import formats, jpeg
from xray.films.decoder_channel import Channel
from xray.films.grey import MAX_PIXELS

#: Films that wait for a process when more than this many are decoded at once.
PROCESSES = max(2, min(4, os.cpu_count() or 2))

#: Most pixels of a film that may be decoded in the process that asks; see ``is_bounded``.
SMALL = 8_000_000

#: Seconds that a new process may take to say that it is ready.
STARTING = 120.0

#: What Python runs there.
PROGRAM = ("-m", "xray.films.decoder_process")

#: Bytes of shared memory that a process keeps for the next film; fresh memory is slow.
_KEPT = 32_000_000


class LostError(FilmError):
    """A film took too much, or broke the process that decoded it."""


class Decoded(NamedTuple):
    """What a decoder makes of a file.

    Attributes
    ----------
    levels : (H, W) uint8, or float32 in [0, 1]
    mode, quality, chroma : as ``mode``, ``jpeg_quality`` and ``chroma`` of ``decode.Film``
    """

    levels: NDArray[Any]
    mode: str
    quality: float | None
    chroma: float


@dataclass(frozen=True)
class Limits:
    """What one film may take: ``memory`` in MiB beyond the waiting process, ``seconds``."""

    memory: float
    seconds: float

    @classmethod
    def from_environment(cls) -> Limits:
        """Read ``XRAY_DECODE_MEMORY`` (1024) and ``XRAY_DECODE_SECONDS`` (10).

        Raises
        ------
        XrayError
            One of them is not a number above zero.
        """
        return cls(
            _setting("XRAY_DECODE_MEMORY", 1024, "MiB"), _setting("XRAY_DECODE_SECONDS", 10, "s")
        )


def is_bounded(data: bytes, kind: str) -> bool:
    """Whether a film of the user's own folder may be decoded without a process of its own.

    Only plain baseline JPEG and PNG without interlacing, of at most ``SMALL`` pixels by their
    headers. Their decoders go over each pixel once, into memory whose size the header gives, so
    that no such file costs more than its size says; and folders hold thousands of them, for which
    the way to another process and back would take as long as the work. What remains is a flaw in
    libjpeg or zlib themselves: so it is for the folders that people choose, never for uploads.
    """
    size = None
    if kind == "JPEG":
        size = jpeg.baseline_size(data)
    elif kind == "PNG":
        size = formats.png_size(data)
    return size is not None and size[0] * size[1] <= SMALL


def decode(data: bytes, kind: str, name: str) -> tuple[Decoded, str]:
    """Decode a film in a process of its own; may be called from any thread.

    Also gives the SHA-256 of the file, which is computed while that process is at work.

    Parameters
    ----------
    data : the file
    kind : as ``formats.picture_format`` says
    name : what to call it in messages

    Raises
    ------
    FilmError
        The decoder's, or the film took too much memory or time, or broke its decoder.
    XrayError
        The limits are no numbers, or no process can be started.
    """
    return _pool().decode(data, kind, name)


def warm() -> None:
    """Start the first process, so that the first film need not wait for it; returns at once."""
    _pool().warm()


def _setting(variable: str, default: float, unit: str) -> float:
    given = os.environ.get(variable, "")
    try:
        value = float(given or default)
    except ValueError:
        value = math.nan
    if not 0 < value < 1e6:
        raise XrayError(f"{variable} is {given!r}; set it to a number above 0 ({unit}).")
    return value


class _Process:
    """One process that decodes, as seen from here. Used by one thread at a time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._shared = os.memfd_create("xray-film") if hasattr(os, "memfd_create") else None
        kept = () if self._shared is None else (self._shared,)
        number = "" if self._shared is None else str(self._shared)
        command = [sys.executable, "-B", "-P", *PROGRAM, str(limits.memory), str(limits.seconds)]
        try:
            self._process = subprocess.Popen(
                [*command, number],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=kept,
                env=_environment(),
            )
        except OSError as error:
            if self._shared is not None:
                os.close(self._shared)
            raise XrayError(
                f"No process can be started to decode films ({error.strerror or error}); end some "
                "others, or free memory."
            ) from error
        assert self._process.stdin and self._process.stdout
        self._channel = Channel(self._process.stdout, self._process.stdin, self._shared)
        self._ready = False
        self._sound = True

    def usable(self) -> bool:
        """Whether it can take another film."""
        return self._sound and self._process.poll() is None

    def decode(self, data: bytes, kind: str, name: str) -> tuple[Decoded, str]:
        """Decode one film; see ``decode``. Where it ends in anything else, ``usable`` is False."""
        self._begin()
        self._sound = False
        with _Deadline(self._limits.seconds, self._process.kill) as deadline:
            answer, levels = None, None
            with suppress(OSError):
                request = {"name": name, "kind": kind, "bytes": len(data)}
                self._channel.send(request, memoryview(data))
                sha256 = sha256_bytes(data)
                answer = self._channel.receive()
                if answer is not None and "shape" in answer:
                    levels = self._levels(answer)
        if answer is None or deadline.passed or not (levels is not None or "error" in answer):
            raise LostError(self._lost(name, deadline.passed))
        if self._shared is not None and os.fstat(self._shared).st_size > _KEPT:
            os.ftruncate(self._shared, _KEPT)
        self._sound = not answer.get("tired")
        if levels is None:
            raise FilmError(_printable(answer["error"]))
        quality, chroma = answer.get("quality"), answer.get("chroma")
        decoded = Decoded(
            levels,
            _printable(answer.get("mode"))[:16],
            None if quality is None else float(quality),
            float(chroma or 0),
        )
        return decoded, sha256

    def _begin(self) -> None:
        """Wait until the process has done its imports."""
        if self._ready:
            return
        with _Deadline(STARTING, self._process.kill):
            self._ready = self._channel.receive() == {"ready": True}
        if not self._ready:
            self._sound = False
            raise XrayError(
                "The process that decodes films did not start; 'python -m xray doctor' says what "
                "is wrong with the installation."
            )

    def _levels(self, answer: dict[str, Any]) -> NDArray[Any] | None:
        """The pixels of an answer; None where it announces what no decoder does."""
        kinds = {"uint8": np.uint8, "float32": np.float32}
        shape, kind = answer["shape"], kinds.get(str(answer.get("dtype")))
        plain = isinstance(shape, list) and len(shape) == 2 and all(type(n) is int for n in shape)
        if kind is None or not plain or min(shape) < 1 or shape[0] * shape[1] > MAX_PIXELS:
            return None
        levels = np.empty(shape, kind)
        return levels if self._channel.fill(levels.data.cast("B")) else None

    def _lost(self, name: str, late: bool) -> str:
        """What to say of a film that the process did not survive."""
        self._process.kill()
        code = self._process.wait()
        if late or code == -getattr(signal, "SIGXCPU", 0):
            return (
                f"{name} took more than {self._limits.seconds:g} seconds to decode, "
                "as no film does; export it again, or as PNG."
            )
        return f"{name} broke the decoder, as no film does; export it again, or as PNG."

    def close(self) -> None:
        """End the process."""
        self._sound = False
        with suppress(OSError):
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                stream.close()  # type: ignore[union-attr]
        if self._shared is not None:
            os.close(self._shared)
            self._shared = None


class _Deadline:
    """Do something when a block takes longer than it may, and remember that it did."""

    def __init__(self, seconds: float, act: Callable[[], None]) -> None:
        self.passed = False
        self._act, self._over, self._lock = act, False, threading.Lock()
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def _expire(self) -> None:
        with self._lock:
            if not self._over:
                self.passed = True
                self._act()

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._over = True
        self._timer.cancel()


class _Pool:
    """The processes of this process, as many as are needed at once and no more."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._room = threading.BoundedSemaphore(PROCESSES)
        self._lock = threading.Lock()
        self._idle: list[_Process] = []
        self._started = self._closed = False

    def decode(self, data: bytes, kind: str, name: str) -> tuple[Decoded, str]:
        with self._room:
            process = self._take()
            try:
                return process.decode(data, kind, name)
            finally:
                self._give(process)

    def warm(self) -> None:
        with self._lock:
            if not self._started:
                self._started = True
                self._idle.append(_Process(self.limits))

    def _take(self) -> _Process:
        """The process that was used last, so that few are needed; a new one where none waits."""
        while True:
            with self._lock:
                if not self._idle:
                    self._started = True
                    break
                process = self._idle.pop()
            if process.usable():
                return process
            process.close()
        return _Process(self.limits)

    def _give(self, process: _Process) -> None:
        """Put a process back, or another that warms up in its place."""
        if not process.usable():
            process.close()
            try:
                process = _Process(self.limits)
            except XrayError:
                # Said when the next film asks for it.
                return
        with self._lock:
            if not self._closed:
                self._idle.append(process)
                return
        process.close()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for process in idle:
            process.close()


_lock = threading.Lock()
#: At most one: the pool for the limits as they are set now.
_pools: dict[Limits, _Pool] = {}


def _pool() -> _Pool:
    limits = Limits.from_environment()
    with _lock:
        if limits not in _pools:
            _close()
            _pools[limits] = _Pool(limits)
        return _pools[limits]


@atexit.register
def _close() -> None:
    for pool in _pools.values():
        pool.close()
    _pools.clear()


if hasattr(os, "register_at_fork"):
    # A copy of this process must not talk to the processes of the original, nor take its lock
    # with it while another thread holds it.
    os.register_at_fork(
        before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
    )
    os.register_at_fork(after_in_child=_pools.clear)


def _environment() -> dict[str, str]:
    """Variables of a process that decodes: no passwords, the modules that are found here."""
    kept = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "LC_ALL")
    found = {name: os.environ[name] for name in kept if name in os.environ}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    places = [str(Path(__file__).resolve().parents[2]), *(place for place in sys.path if place)]
    return found | threads | {"PYTHONPATH": os.pathsep.join(places)}


def _printable(text: object) -> str:
    """Text from a process that may have been taken over, as far as it can be shown."""
    return "".join(letter for letter in str(text)[:400] if letter.isprintable())
