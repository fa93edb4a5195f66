"""What Streamlit grants to anybody who opens a websocket, and the gate before it does not."""

from __future__ import annotations

import asyncio
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.formparsers import MultiPartParser
from starlette.types import Message, Receive, Scope, Send
from streamlit import runtime
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from benchmarks.serving import Server
from tests.dashboard.test_door import DOOR, Watched, closed, cookie, welcome
from xray.dashboard import gate

MEGABYTE = gate.MEGABYTE


class Inside:
    """In Streamlit's place: keeps files as it does, and what it is sent on a websocket."""

    def __init__(self) -> None:
        self.manager = MemoryUploadedFileManager("/upload")
        self.active: set[str] = {"known"}
        self.heard: list[Message] = []
        self.asked: list[str] = []
        self.wait: asyncio.Event | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            while (message := await receive())["type"] != "websocket.disconnect":
                self.heard.append(message)
            return
        self.asked.append(scope["path"])
        if self.wait is not None:
            await self.wait.wait()
        if scope["method"] == "PUT":
            length = int(dict(scope["headers"])[b"content-length"])
            session, file = scope["path"].split("/")[-2:]
            record = UploadedFileRec(file, "film.png", "image/png", bytes(length))
            self.manager.add_file(session, record)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> Inside:
    made = Inside()
    monkeypatch.setattr(gate, "_admitted", {"known"})
    found = SimpleNamespace(
        uploaded_file_mgr=made.manager, is_active_session=lambda name: name in made.active
    )
    monkeypatch.setattr(runtime, "get_instance", lambda: found)
    return made


async def ask(
    app: gate.Gate, path: str, method: str = "GET", length: int | None = None
) -> tuple[int, dict[str, str]]:
    """Status and headers of an answer."""
    given = [] if length is None else [(b"content-length", str(length).encode())]
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": given}
    await app(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers


#: A path that the router takes for one of Streamlit's own, by whatever stands around it.
CLOSED = [
    *("/_stcore/metrics", "/audit/_stcore/metrics", "/_stcore/metrics/", "/_stcore/metrics\n"),
    *("/_stcore/agent/interact", "/_stcore/agent/mcp", "/_stcore/agent/openapi.json"),
    *("/_stcore/script-health-check", "/\n/_stcore/metrics", "/_stcore/health\n"),
    *("/_stcore/upload_file/known/a\n", "/_stcore/upload_file/known", "/_stcore/made-up"),
]


@pytest.mark.parametrize("path", CLOSED, ids=repr)
def test_what_no_browser_needs_is_closed_and_every_answer_has_its_headers(
    inside: Inside, path: str
) -> None:
    app = gate.Gate(inside)
    status, headers = asyncio.run(ask(app, path))
    assert status == 404
    assert inside.asked == []
    _, others = asyncio.run(ask(app, "/_stcore/health"))
    for name, value in gate.HEADERS.items():
        assert headers[name.lower()] == others[name.lower()] == value


def test_only_sessions_past_the_door_may_upload(inside: Inside) -> None:
    app = gate.Gate(inside)
    put = "/audit/_stcore/upload_file"
    assert asyncio.run(ask(app, f"{put}/stranger/a", "PUT", 10))[0] == 403
    assert asyncio.run(ask(app, f"{put}/known/a", "PUT"))[0] == 411
    assert asyncio.run(ask(app, f"{put}/known/a", "PUT", -1))[0] == 411
    assert inside.asked == []
    assert asyncio.run(ask(app, f"{put}/known/a", "PUT", 10))[0] == 204
    assert len(inside.manager.file_storage["known"]) == 1


def test_what_one_session_and_all_may_hold_is_bounded(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, largest = gate.Gate(inside), gate._largest()

    def put(session: str, file: str) -> int:
        path = f"/_stcore/upload_file/{session}/{file}"
        return asyncio.run(ask(app, path, "PUT", largest))[0]

    assert [put("known", name) for name in "abcd"] == [204, 204, 204, 413]
    inside.manager.remove_file("known", "a")
    assert put("known", "d") == 204, "there is room again"
    monkeypatch.setattr(gate, "TOTAL", 4 * largest)
    for session in ("second", "third"):
        gate._admitted.add(session)
        inside.active.add(session)
    assert put("second", "a") == 204
    assert put("third", "a") == 503
    # A session whose socket has closed still holds its files, until Streamlit drops them.
    inside.active.discard("known")
    assert put("third", "a") == 503
    inside.manager.remove_session_files("known")
    assert put("third", "a") == 204
    assert "known" not in app._files
    assert put("known", "a") == 403


def test_files_under_way_count(inside: Inside) -> None:
    async def at_once() -> list[int]:
        inside.wait = asyncio.Event()
        app, largest = gate.Gate(inside), gate._largest()
        paths = [f"/_stcore/upload_file/known/{name}" for name in "abcdefghijkl"]
        asked = [asyncio.create_task(ask(app, path, "PUT", largest)) for path in paths]
        await asyncio.sleep(0)
        inside.wait.set()
        return sorted([(await each)[0] for each in asked])

    assert asyncio.run(at_once()) == [204] * 3 + [413] * 9


def test_orders_to_the_whole_server_get_no_hearing(inside: Inside) -> None:
    named = ("clear_cache", "load_git_info", "set_run_on_save", "debug_shutdown_runtime")
    orders = [BackMsg(**{name: True}) for name in (*named, "debug_disconnect_websocket")]
    for name in ("install_skills", "dismiss_skills_nudge"):
        order = BackMsg()
        getattr(order.backend_operation_request, name).SetInParent()
        orders.append(order)
    many, download = BackMsg(), BackMsg()
    many.file_urls_request.file_names.extend([""] * (gate.ANNOUNCED + 1))
    download.backend_operation_request.deferred_file.file_id = "x"
    sent = [*orders, many, BackMsg(), BackMsg(stop_script=True), download]
    messages: list[Message] = [
        {"type": "websocket.connect"},
        *({"type": "websocket.receive", "bytes": each.SerializeToString()} for each in sent),
        {"type": "websocket.receive", "bytes": b"\xff\xff"},
        {"type": "websocket.receive", "text": "text"},
        {"type": "websocket.disconnect"},
    ]

    async def run() -> None:
        async def receive() -> Message:
            return messages.pop(0)

        async def send(message: Message) -> None:
            raise AssertionError(message)

        await gate.Gate(inside)({"type": "websocket", "path": "/_stcore/stream"}, receive, send)

    asyncio.run(run())
    kinds = [BackMsg.FromString(m["bytes"]).WhichOneof("type") for m in inside.heard[1:3]]
    assert kinds == ["stop_script", "backend_operation_request"]
    # What is no message is Streamlit's to refuse.
    assert len(inside.heard) == 5


def test_uploads_never_touch_the_disk(inside: Inside) -> None:
    """Starlette rolls files of more than a megabyte over to the temporary folder."""
    gate.Gate(inside)
    assert MultiPartParser.spool_max_size > gate._largest()


# --- the server itself -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, synthetic_folder: Path) -> Iterator[Server]:
    with closed(tmp_path_factory.mktemp("closed"), synthetic_folder) as made:
        yield made


@pytest.mark.slow
def test_strangers_leave_nothing_on_the_server(server: Server) -> None:
    with Watched(server.url) as stranger:
        stranger.open("explain")
        assert set(stranger.shown.texts) == DOOR
        place = f"_stcore/upload_file/{stranger.session}"
        for number in range(2):
            with pytest.raises(urllib.error.HTTPError) as error:
                # Little enough that it is sent before the answer comes.
                stranger._put(f"{place}/{number}", "film.png", bytes(10_000))
            assert error.value.code == 403
    with Watched(server.url, welcome(server)) as visitor:
        visitor.open("explain")
        visitor._put(f"_stcore/upload_file/{visitor.session}/1", "film.png", bytes(MEGABYTE))
        # Caches and sessions of others stay: an order to empty them is not even answered.
        visitor._socket.send(BackMsg(clear_cache=True).SerializeToString())
        assert visitor.open("explain").errors == []


@pytest.mark.slow
def test_metrics_and_headers_of_the_server(server: Server) -> None:
    for name in ("metrics", "metrics%0A", "agent/openapi.json", "agent/interact"):
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(f"{server.url}/_stcore/{name}", timeout=30)
        assert error.value.code == 404
    for path in ("", "models", "_stcore/health", "_stcore/host-config"):
        with urllib.request.urlopen(f"{server.url}/{path}", timeout=30) as answer:
            for name, value in gate.HEADERS.items():
                assert answer.headers[name] == value, path


@pytest.mark.slow
def test_an_address_of_before_leads_on_before_anything_is_asked(server: Server) -> None:
    with urllib.request.urlopen(f"{server.url}/stress?split=test", timeout=30) as answer:
        place = answer.url.removeprefix(server.url)
    assert place == "/robustness?split=test&section=Changed+films"


@pytest.mark.slow
def test_messages_larger_than_any_page_needs_are_refused(server: Server) -> None:
    with Watched(server.url) as stranger:
        stranger.open("")
        message = BackMsg()
        message.rerun_script.widget_states.widgets.add(id="x", string_value="x" * 2 * MEGABYTE)
        stranger._socket.send(message.SerializeToString())
        with pytest.raises(Exception, match="1009"):
            for _ in range(100):
                stranger._receive()


@pytest.mark.slow
def test_a_copy_of_the_cookie_is_worth_nothing_after_sign_out(server: Server) -> None:
    claims = {"iss": "test", "sub": "1", "email": "welcome@example.org", "email_verified": True}
    now = time.time()
    copied = cookie(server, **claims, iat=now, nonce="first")
    with Watched(server.url, copied) as other, Watched(server.url, copied) as visitor:
        assert "Sign out" in other.open("").buttons
        button = visitor.open("").buttons["Sign out"]
        with suppress(TimeoutError):
            visitor.press("", button)
        other.shown.texts.clear()
        place = f"_stcore/upload_file/{other.session}"
        other._put(f"{place}/1", "film.png", b"no film")
        other.open("models")
        assert set(other.shown.texts) == DOOR
        with pytest.raises(urllib.error.HTTPError, match="403"):
            other._put(f"{place}/2", "film.png", b"no film")
    with Watched(server.url, copied) as thief:
        thief.open("models")
        assert set(thief.shown.texts) == DOOR
    with Watched(server.url, cookie(server, **claims, iat=now + 1, nonce="second")) as again:
        again.open("")
        assert "Sign out" in again.shown.texts


@pytest.mark.slow
def test_the_log_names_nobody_and_no_file(server: Server) -> None:
    with Watched(server.url, welcome(server)) as visitor:
        visitor.open("explain")
        visitor.upload("explain", "none", "Jane_Doe.png", b"no film")
    assert "You can now view" in server.text()
    for private in ("welcome@", "Jane_Doe", "client_secret", visitor.session):
        assert private not in server.text()
