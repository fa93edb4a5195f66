"""How the process that asks for films and the one that decodes them talk to each other."""

from __future__ import annotations

import json
import os
from typing import IO, Any

#: Longest line of JSON, in bytes.
_LINE = 4096


class Channel:
    """One end of the line between the two processes: JSON by pipe, bytes in shared memory.

    Where the system has no shared memory that has no name (other than Linux), bytes go by pipe.
    """

    def __init__(self, reading: IO[bytes], writing: IO[bytes], shared: int | None) -> None:
        self._reading, self._writing, self._shared = reading, writing, shared

    def send(self, facts: dict[str, Any], body: memoryview | None = None) -> None:
        """Send a line of facts, and bytes that belong to it."""
        line = json.dumps(facts).encode() + b"\n"
        if body is None or self._shared is None:
            self._writing.write(line)
            if body is not None:
                self._writing.write(body)
        else:
            at = 0
            while at < len(body):
                at += os.pwrite(self._shared, body[at:], at)
            self._writing.write(line)
        self._writing.flush()

    def receive(self) -> dict[str, Any] | None:
        """Take a line of facts; None where the other end is gone or sends something else."""
        try:
            facts = json.loads(self._reading.readline(_LINE))
        except (ValueError, RecursionError):
            return None
        return facts if isinstance(facts, dict) else None

    def take(self, count: int) -> bytes:
        """Take as many of the bytes that belong to the line before as there are."""
        if self._shared is None:
            return self._reading.read(count)
        return os.pread(self._shared, count, 0)

    def fill(self, body: memoryview) -> bool:
        """Take the bytes that belong to the line before; whether all came."""
        at = 0
        while at < len(body):
            if self._shared is None:
                got = self._reading.readinto(body[at:])  # type: ignore[attr-defined]
            else:
                got = os.preadv(self._shared, [body[at:]], at)
            if not got:
                return False
            at += got
        return True
