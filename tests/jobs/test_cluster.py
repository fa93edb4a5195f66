"""Which schedulers are taken: what comes from one is unpickled here."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from xray.errors import XrayError
from xray.jobs import cluster
from xray.jobs.batches import Run, Status


@pytest.mark.parametrize(
    "address",
    [
        "tcp://127.0.0.1:8786",
        "tcp://10.0.0.5:8786",
        "192.168.1.9:8786",
        "tcp://[::1]:8786",
        "tls://scheduler.example.org:8786",
        "tcp://localhost:8786",
        "tcp://[fd00::5]:8786",
    ],
)
def test_own_schedulers_are_taken(address: str) -> None:
    cluster.check(address)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("tcp://8.8.8.8:8786", "open net"),
        ("8.8.8.8:8786", "open net"),
        ("tcp://[2001:4860:4860::8888]:8786", "open net"),
        ("tcp://1.1.1.1@8.8.8.8:8786", "open net"),
        ("ws://127.0.0.1:8786", "takes tcp"),
        ("http://127.0.0.1", "takes tcp"),
        ("", "takes tcp"),
        ("tls://", "takes tcp"),
        ("tcp://nowhere.invalid:8786", "no address"),
    ],
)
def test_others_are_refused_in_a_sentence(address: str, said: str) -> None:
    with pytest.raises(XrayError, match=said):
        cluster.check(address)


def test_a_name_that_also_leads_to_the_open_net_is_refused(monkeypatch: Any) -> None:
    answers = [(2, 1, 6, "", ("10.0.0.5", 0)), (2, 1, 6, "", ("8.8.8.8", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: answers)
    with pytest.raises(XrayError, match="open net"):
        cluster.check("tcp://scheduler.example.org:8786")


def test_nobody_is_asked_on_the_open_net(tmp_path: Path, monkeypatch: Any) -> None:
    distributed = pytest.importorskip("distributed")
    asked: list[str] = []

    def client(address: str, **_: Any) -> None:
        asked.append(address)
        raise OSError("asked")

    monkeypatch.setattr(distributed, "Client", client)
    for address, said in (("tcp://8.8.8.8:8786", "open net"), ("tcp://127.0.0.1:1", "No sched")):
        with pytest.raises(XrayError, match=said):
            cluster.Cluster(address, Run(Status("test"), tmp_path))
    assert asked == ["tcp://127.0.0.1:1"]


def test_workers_of_this_machine_hear_nobody_else() -> None:
    """Whoever is heard by a scheduler may run any code: every account here reaches its port."""
    distributed = pytest.importorskip("distributed")
    own = distributed.security.Security.temporary()
    with cluster.local(1) as (address, security):
        host, _, port = address.rpartition("//")[2].partition(":")
        assert host == "127.0.0.1"
        for told, secret in ((f"tcp://{host}:{port}", None), (address, own)):
            with pytest.raises(OSError):
                distributed.Client(told, timeout=3, set_as_default=False, security=secret)
        with distributed.Client(address, set_as_default=False, security=security) as client:
            assert client.submit(sum, [1, 2]).result(30) == 3
            workers = list(client.scheduler_info()["workers"])
        assert workers and all(each.startswith("tls://127.0.0.1:") for each in workers)
