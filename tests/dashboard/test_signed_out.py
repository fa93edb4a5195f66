"""Sign-ins that were ended stay so after a restart, and where nobody remembers, all are over."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from xray.dashboard import signed_out

NOW = time.time()
FIRST, SECOND = "a" * 64, "b" * 64


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XRAY_CACHE", str(tmp_path))
    memory = signed_out._Memory()
    memory.begun = NOW  # this module may have been read minutes ago
    monkeypatch.setattr(signed_out, "_memory", memory)
    return tmp_path


def restart(monkeypatch: pytest.MonkeyPatch, later: float = 3600) -> None:
    """What a new process knows, an hour on."""
    monkeypatch.setattr(signed_out, "_memory", signed_out._Memory())
    signed_out._memory.begun = NOW + later  # as if it started then


def test_a_sign_out_is_remembered_after_a_restart(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not signed_out.ended(FIRST, NOW)
    signed_out.end(FIRST)
    assert signed_out.ended(FIRST, NOW)
    restart(monkeypatch)
    assert signed_out.ended(FIRST, NOW)
    assert not signed_out.ended(SECOND, NOW), "who did not leave need not sign in again"


def test_another_process_of_the_server_is_heard(cache: Path) -> None:
    assert not signed_out.ended(FIRST, NOW)
    other = signed_out._Memory()
    other.look()
    with open(cache / "signed-out.txt", "a") as file:
        file.write(f"{FIRST}\n")
    assert signed_out.ended(FIRST, NOW)


@pytest.mark.parametrize("left", [None, b"", b"\xff\xfe nothing", b"soon\n" + b"a" * 64])
def test_where_the_memory_is_gone_all_sign_ins_before_are_over(
    cache: Path, monkeypatch: pytest.MonkeyPatch, left: bytes | None
) -> None:
    signed_out.end(FIRST)
    kept = cache / "signed-out.txt"
    kept.unlink() if left is None else kept.write_bytes(left)
    restart(monkeypatch)
    monkeypatch.setattr(time, "time", lambda: NOW + 3600)
    assert signed_out.ended(FIRST, NOW) and signed_out.ended(SECOND, NOW)
    assert not signed_out.ended(SECOND, NOW + 3601)
    assert not signed_out.ended(SECOND, None), "such a provider is asked for nothing more"


def test_a_cache_that_cannot_be_written_ends_what_was_before(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cache / "signed-out.txt").mkdir()
    signed_out.end(FIRST)
    assert signed_out.ended(FIRST, NOW) and not signed_out.ended(SECOND, NOW)
    restart(monkeypatch)
    assert signed_out.ended(FIRST, NOW) and signed_out.ended(SECOND, NOW)


def test_more_than_can_be_remembered_ends_all(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signed_out, "MOST", 2)
    monkeypatch.setattr(time, "time", lambda: NOW + 3600)
    for sign_in in (FIRST, SECOND):
        signed_out.end(sign_in)
    assert signed_out.ended("c" * 64, NOW)
    assert not signed_out.ended("c" * 64, NOW + 3600)
