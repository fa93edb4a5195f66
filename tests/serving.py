"""Start the real server for a test, on loopback and a free port, and stop it whatever happens."""

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

ROOT = Path(__file__).parent.parent


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
    environment: Mapping[str, str] | None = None,
    options: tuple[str, ...] = (),
    script: Path = ROOT / "app.py",
    base: str = "",
    patience: float = 120,
) -> Iterator[Server]:
    """Run the dashboard until the block ends.

    Parameters
    ----------
    folder : for its log and cache.
    environment : variables on top of this process's.
    options : of ``streamlit run``.
    script : the app.
    base : its base path, such as "/audit".
    patience : seconds to wait for it.
    """
    port = free_port()
    url, log = f"http://127.0.0.1:{port}{base}", folder / "server.log"
    command = [
        *(sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}"),
        *("--server.address=127.0.0.1", "--server.headless=true"),
        *((f"--server.baseUrlPath={base}",) if base else ()),
        *options,
    ]
    variables = {**os.environ, "XRAY_CACHE": str(folder / "cache"), **(environment or {})}
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
