"""Nobody who has not signed in gets a line of a page, whichever way and however many come at once.

The hard case is a server in which ``st.navigation`` was never called: Streamlit takes the folder
``pages`` for its older kind of app there and runs the linked file by itself, without app.py. Ours
calls it at its start; the door holds also where that is undone for every session (``OLDER``).
"""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from benchmarks._visitor import Visitor
from benchmarks.serving import Server, free_port, serve
from tests.dashboard.test_who_comes_in import shown as shown_by_itself
from xray.dashboard import navigation, style
from xray.environment import ROOT

pytestmark = pytest.mark.slow

SECRET = "s" * 48
PAGES = ["", *sorted(path.stem for path in (ROOT / "pages").glob("*.py"))]
CROWD = 50
#: All that a stranger is shown: bodies of headings and texts, and labels of buttons.
DOOR = {
    "X-ray Model Audit",
    "This server asks who you are before it shows anything.",
    "Sign in",
}
#: Messages that carry nothing of a page.
FRAME = {
    *("new_session", "session_status_changed", "session_event", "script_finished"),
    *("page_config_changed", "page_info_changed", "page_not_found", "navigation", "logo"),
    *("parent_message", "auth_redirect", "git_info_changed"),
}


#: What the server answers at besides the pages; of some, what stands behind a name or a path.
ADDRESSES = [
    *PAGES,
    *("media/", "media/../app.py", "media/%2e%2e/app.py", "app/static/", "component/film_grid/"),
    *("_stcore/health", "_stcore/host-config", "_stcore/metrics", "_stcore/script-health-check"),
    *("_stcore/bidi-components/film_grid/index.js", "_stcore/upload_file/x/y", "_stcore/stream"),
]
#: Makes every session one of Streamlit's older kind, where Python finds it as sitecustomize.py.
OLDER = """
from streamlit.runtime.pages_manager import PagesManager

made = PagesManager.__init__


def older(self, *given, **named):
    made(self, *given, **named)
    PagesManager.uses_pages_directory = True


PagesManager.__init__ = older
"""


@dataclass
class Shown:
    """What one visitor was sent: texts of the page, other messages by kind, and every byte.

    Attributes
    ----------
    places : the pages, by address, and how many the navigation has, each time that it was sent
    """

    texts: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    raw: bytes = b""
    places: list[tuple[str, int]] = field(default_factory=list)


class Watched(Visitor):
    """A visitor who keeps what it is sent."""

    def __init__(self, url: str, cookies: dict[str, str] | None = None) -> None:
        self.shown = Shown()
        super().__init__(url, patience=120, cookies=cookies)

    def _receive(self) -> ForwardMsg:
        answer = super()._receive()
        self.shown.raw += answer.SerializeToString()
        kind = answer.WhichOneof("type")
        if kind != "delta":
            self.shown.others.append(kind)
            if kind == "navigation":
                pages = {each.page_script_hash: each for each in answer.navigation.app_pages}
                here = pages[answer.navigation.page_script_hash]
                self.shown.places.append((here.url_pathname, len(pages)))
        elif answer.delta.HasField("new_element"):
            element = answer.delta.new_element
            part = getattr(element, element.WhichOneof("type"))
            text = next((getattr(part, n) for n in ("body", "label") if hasattr(part, n)), part)
            self.shown.texts.append(str(text))
        return answer


@contextmanager
def closed(folder: Path, films: Path, older: bool = False) -> Iterator[Server]:
    """A fresh server that lets in one address and has films; ``older``: see ``OLDER``."""
    port = free_port()
    secrets = folder / "secrets.toml"
    secrets.write_text(
        f'[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
        f'cookie_secret = "{SECRET}"\nclient_id = "test"\nclient_secret = "secret"\n'
        'server_metadata_url = "http://127.0.0.1:9/.well-known/openid-configuration"\n'
        '[access]\nemails = ["welcome@example.org"]\n'
    )
    options = (f"--secrets.files={secrets}",)
    settings: dict[str, str | None] = {"XRAY_DATA": str(films)}
    if older:
        (folder / "sitecustomize.py").write_text(OLDER)
        settings["PYTHONPATH"] = str(folder)
    with serve(folder, settings, options, port=port) as server:
        yield server


def cookie(server: Server, **claims: Any) -> dict[str, str]:
    """The cookie that Streamlit sets for who has signed in."""
    name = "_streamlit_user"
    value = json.dumps({"origin": server.url, "is_logged_in": True, **claims})
    return {name: create_signed_value(SECRET, name, value).decode()}


def welcome(server: Server) -> dict[str, str]:
    return cookie(server, iss="test", sub="1", email="welcome@example.org", email_verified=True)


def at_once(
    server: Server, pages: list[str], cookies: dict[str, str] | None, query: str = ""
) -> list[Shown]:
    """What visitors are shown who are connected already and ask for these pages together."""
    start = threading.Barrier(len(pages))

    def visit(page: str) -> Shown:
        with Watched(server.url, cookies) as visitor:
            start.wait(120)
            visitor.open(page, query=query)
            return visitor.shown

    with ThreadPoolExecutor(len(pages)) as pool:
        return list(pool.map(visit, pages))


def get(server: Server, path: str) -> bytes:
    """What an address gives to whoever asks without a cookie."""
    try:
        with urllib.request.urlopen(f"{server.url}/{path}", timeout=30) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        return bytes(error.read())


def pictures(shown: Shown) -> bool:
    """Whether a page shows pictures besides its icon."""
    return b"data:image" in shown.raw.replace(style.icon().encode(), b"")


def assert_outside(shown: Shown) -> None:
    """The sign-in page and nothing else."""
    assert set(shown.texts) == DOOR
    assert set(shown.others) <= FRAME
    assert not pictures(shown) and b"/media/" not in shown.raw


def work_begun(server: Server) -> list[str]:
    """Files that pages have made for later: indexes, thumbnails."""
    return [str(path) for path in (server.log.parent / "cache").rglob("*") if path.is_file()]


@pytest.mark.parametrize("older", [False, True], ids=["as it is", "older kind"])
def test_strangers_in_a_crowd_get_the_sign_in_page_and_nothing_else(
    older: bool, tmp_path: Path, synthetic_folder: Path
) -> None:
    asked = [*PAGES, *navigation.MOVED]
    crowd = [asked[i % len(asked)] for i in range(CROWD)]
    with closed(tmp_path, synthetic_folder, older) as server:
        cold = at_once(server, crowd, None)
        for shown in cold:
            assert_outside(shown)
        assert not work_begun(server)

        # The server warms up: somebody who may come in sees films, which indexes them first.
        inside = Shown()
        with Watched(server.url, welcome(server)) as visitor:
            end = time.monotonic() + 60
            while not pictures(inside) and time.monotonic() < end:
                visitor.open("browse")
                time.sleep(0.2)
                inside = visitor.shown
        assert pictures(inside)
        assert work_begun(server)

        warm = at_once(server, crowd, None)
        for shown in warm:
            assert_outside(shown)
        names = [path.stem.encode() for path in synthetic_folder.rglob("*.jpeg")]
        assert any(name in inside.raw for name in names)
        for path in ADDRESSES:
            assert not any(name in get(server, path) for name in (*names, b"welcome@"))


@pytest.mark.parametrize("page", PAGES[1:])
def test_page_by_itself_asks_first(
    page: str, tmp_path: Path, synthetic_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XRAY_DATA", str(synthetic_folder))
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text('[auth]\ncookie_secret = "x"\n')
    app = shown_by_itself(ROOT / "pages" / f"{page}.py", tmp_path, monkeypatch)
    assert [each.value for each in app.title] == ["X-ray Model Audit"]
    assert {each.value for each in app.markdown} <= DOOR
    assert [each.label for each in app.button] == ["Sign in"]
    assert len(app.main.children) == 3
    assert not app.sidebar.children


@pytest.mark.parametrize("older", [False, True], ids=["as it is", "older kind"])
def test_link_to_a_page_leads_there_from_a_server_that_nobody_has_seen(
    older: bool, tmp_path: Path, synthetic_folder: Path
) -> None:
    pages = ["browse", "performance", "label", "", "cards", "browse", "explain"]
    with closed(tmp_path, synthetic_folder, older) as server:
        cold = at_once(server, pages, welcome(server), "?nowhere=1")
        for page, shown in zip(pages, cold, strict=True):
            # The older kind lists app.py too, and then gives way to it.
            assert shown.places == [*[(page, len(PAGES))] * older, (page, len(PAGES) - 1)], shown
            told = (page, shown.texts, server.text()[-3000:])
            assert any("nowhere” is unknown to this page" in text for text in shown.texts), told
            assert any(text == "Sign out" for text in shown.texts)
        assert "ScriptRunContext" not in server.text(), "whoever starts it is not warned of nothing"
