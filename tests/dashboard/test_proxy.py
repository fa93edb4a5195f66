"""Behind nginx, set up as docs/hosting.md says: base path, websocket, uploads, headers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.browser import Browser, missing
from benchmarks.serving import Server, free_port, healthy, serve
from xray.dashboard import gate
from xray.drawing import phantoms
from xray.environment import ROOT
from xray.reports import html

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(NGINX is None, reason="needs nginx (apt-get install nginx-light)"),
    pytest.mark.skipif(bool(missing()), reason=missing() or "a browser is here"),
]


def documented(port: int) -> str:
    """The ``location`` of docs/hosting.md, to the dashboard at a port."""
    text = (ROOT / "docs" / "hosting.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```nginx\n(.*?)```", text, re.S)
    assert "http://127.0.0.1:8501" in block
    return block.replace("http://127.0.0.1:8501", f"http://127.0.0.1:{port}")


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("dashboard"), base="/audit", patience=300) as server:
        yield server


@pytest.fixture(scope="module")
def url(dashboard: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the dashboard through nginx, which runs from a folder of its own."""
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    behind = int(dashboard.url.removesuffix("/audit").rpartition(":")[2])
    places = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # Its workers must be able to write to this folder, which belongs to whoever runs the test.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off; {places}\n"
        f"server {{ listen 127.0.0.1:{port}; location / {{ return 404; }}\n"
        f"{documented(behind)}\n}} }}\n"
    )
    process = subprocess.Popen([str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf")])
    try:
        address, end = f"http://127.0.0.1:{port}/audit", time.monotonic() + 30
        while not healthy(address):
            assert process.poll() is None, (folder / "error.log").read_text()
            assert time.monotonic() < end, "nginx does not answer"
            time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def test_headers_are_added_and_nothing_lies_outside_the_path(url: str) -> None:
    with urllib.request.urlopen(f"{url}/", timeout=30) as answer:
        for name, value in gate.HEADERS.items():
            assert answer.headers.get_all(name) == [value]
    closed = ("metrics", "%6Detrics", "metrics%0A", "agent/openapi.json")
    for path in ("/_stcore/health", *(f"/audit/_stcore/{name}" for name in closed)):
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(url.removesuffix("/audit") + path, timeout=30)
        assert error.value.code == 404


def test_forged_uploads_are_refused(url: str) -> None:
    request = urllib.request.Request(
        f"{url}/_stcore/upload_file/session/file", data=b"x", method="PUT"
    )
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request, timeout=30)
    assert error.value.code == 403


def test_a_page_by_its_link_an_upload_and_the_link_to_share(
    url: str, browser: Browser, tmp_path: Path
) -> None:
    film = tmp_path / "film.png"
    film.write_bytes(html.png(phantoms.phantom(5, label="PNEUMONIA").pixels))
    browser.open(f"{url}/explain?shows=NORMAL", "Dark")
    assert "Explain" in browser.text()
    browser.upload(film)
    browser.says("Your upload")
    links = browser.run(
        "return [...document.querySelectorAll('[data-testid=stSidebarNavLink]')].map(a => a.href)"
    )
    assert links
    assert all(link.startswith(f"{url}/") or link == url for link in links), links
    browser.press("Share")
    shared = "document.querySelector('[data-testid=stPopoverBody] code')?.innerText"
    browser.wait(shared, "the link to share")
    assert browser.run(f"return {shared}").startswith(f"{url}/explain?")
    # Before it knows better, a browser asks every host for this, outside the path.
    elsewhere = url.removesuffix("/audit") + "/favicon.ico"
    assert [words for words in browser.complaints() if elsewhere not in words] == []
