"""Start the real server on loopback and a free port, and stop it whatever happens.

For the browser tests, for the pictures of the README and for the benchmarks that need a server.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from xray.environment import ROOT


@dataclass(frozen=True)
class Server:
    """A running dashboard: ``url`` without a slash at its end, its process, and its log."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def text(self) -> str:
        """What it has logged so far."""
        return self.log.read_text(errors="replace")


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def healthy(url: str) -> bool:
    """Whether the server at ``url`` answers "ok"."""
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:
            return bool(answer.read(16).strip() == b"ok")
    except OSError:
        return False


@contextmanager
def serve(
    folder: Path,
    settings: Mapping[str, str | None] | None = None,
    options: tuple[str, ...] = (),
    script: Path = ROOT / "app.py",
    base: str = "",
    port: int | None = None,
    patience: float = 180,
) -> Iterator[Server]:
    """Run the dashboard until the block ends.

    Parameters
    ----------
    folder : for its log and cache.
    settings : environment variables on top of this process's; None takes one away.
    options : of ``streamlit run``.
    script : the app.
    base : its base path, such as "/audit".
    port : to listen on; a free one by default.
    patience : seconds to wait for it.

    Raises
    ------
    RuntimeError
        When it does not start; with its log.
    """
    port = port or free_port()
    url, log = f"http://127.0.0.1:{port}{base}", folder / "server.log"
    command = [
        *(sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}"),
        *("--server.address=127.0.0.1", "--server.headless=true"),
        *((f"--server.baseUrlPath={base}",) if base else ()),
        *options,
    ]
    chosen = {**os.environ, "XRAY_CACHE": str(folder / "cache"), **(settings or {})}
    variables = {name: value for name, value in chosen.items() if value is not None}
    with open(log, "wb") as stream:
        process = subprocess.Popen(
            command, cwd=ROOT, env=variables, stdout=stream, stderr=subprocess.STDOUT
        )
    try:
        end = time.monotonic() + patience
        while not healthy(url):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the server did not start: {log.read_text(errors='replace')}")
            time.sleep(0.2)
        yield Server(url, process, log)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
