"""Sign-ins that were ended, remembered after a restart.

Streamlit only asks the browser to forget its cookie: a copy of it would open the door for another
thirty days. What is remembered lies in a file of the cache. Where that file is gone, as with a
container, no one can say which sign-ins were ended: those from before are over, all of them.
"""

from __future__ import annotations

import logging
import re
import time
from pathlib import Path

from xray.environment import cache_dir
from xray.files import write_text

log = logging.getLogger(__name__)

#: As many are remembered; with one more, all that began before are over.
MOST = 100_000
#: Seconds by which the clock of who issues sign-ins may be behind.
CLOCK = 60


class _Memory:
    """What this process knows of the file: when it begins, what was ended since, and its size."""

    def __init__(self) -> None:
        self.begun = time.time()
        self.ended: set[str] = set()
        self.size = -1

    def look(self) -> None:
        """Read the file where it changed, also by another process; begin it where there is none."""
        try:
            path = _path()
            if not path.is_file():
                write_text(path, f"{self.begun:.0f}\n")
            size = path.stat().st_size
            if size == self.size:
                return
            lines = path.read_text(encoding="ascii", errors="replace").split()
            if not lines or not re.fullmatch("[0-9]{9,12}", lines[0]) or len(lines) > MOST:
                self.begun = time.time()
                lines = [f"{self.begun:.0f}"]
                write_text(path, f"{lines[0]}\n")
                size = path.stat().st_size
            self.begun, self.size = float(lines[0]), size
            self.ended.update(lines[1:])
        except OSError:
            # What this process saw holds, and after a restart nothing from before does.
            log.warning("sign-outs cannot be kept: the folder of XRAY_CACHE cannot be written")


_memory = _Memory()


def ended(sign_in: str, issued: object) -> bool:
    """Whether a sign-in is over: it was ended, or nobody remembers whether it was.

    Parameters
    ----------
    sign_in : hash of it
    issued : when it began (``iat``), seconds since 1970; a provider that does not say it is asked
        for nothing more
    """
    _memory.look()
    earlier = isinstance(issued, int | float) and issued < _memory.begun - CLOCK
    return earlier or sign_in in _memory.ended


def end(sign_in: str) -> None:
    """End a sign-in, also for whoever else holds a copy of its cookie."""
    _memory.look()
    _memory.ended.add(sign_in)
    try:
        with open(_path(), "a", encoding="ascii") as file:
            file.write(f"{sign_in}\n")
    except OSError:
        log.warning("a sign-out is forgotten with the next start: XRAY_CACHE cannot be written")


def _path() -> Path:
    return cache_dir() / "signed-out.txt"
