"""Before every request: what Streamlit grants to anybody and this dashboard does not.

Streamlit takes 40 MB files, orders to empty everybody's caches and questions about its memory from
whoever opens a websocket, also from those who see no more than the button to sign in. This stands
before it in the same process, whatever stands before that; app.py puts it there.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from starlette.datastructures import Headers, MutableHeaders
from starlette.formparsers import MultiPartParser
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import runtime
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.scriptrunner import get_script_run_ctx

MEGABYTE = 1024 * 1024
#: Uploads of the largest size that one session may hold, those under way among them.
FILES = 3
#: Bytes that all sessions may hold together.
TOTAL = 1024 * MEGABYTE

#: Sent with every answer. Only this host's pages may show one of ours in a frame.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Content-Security-Policy": "frame-ancestors 'self'; object-src 'none'; base-uri 'self'",
}
#: What a browser needs to ask on its websocket, and of the server's operations. All else gets no
#: hearing: to empty the caches of all visitors, to write files beside the app, to fill the log.
HEARD = {"rerun_script", "stop_script", "file_urls_request", "app_heartbeat"}
OPERATIONS = {"deferred_file", "dataframe_chunk"}
#: Files that a browser may announce at once: Streamlit makes addresses for all before it goes on.
ANNOUNCED = 50

#: What a browser needs of Streamlit's own addresses; a base path may stand before them. All else
#: is closed: metrics, the interface for programs. A route's pattern also takes a line's end.
_INNER = re.compile(r"/_stcore[/\s]")
_OPEN = re.compile(
    r"(?:.*/)?_stcore/(?:health|host-config|upload_file/([^/\s]+)/([^/\s]+)|bidi-components/.+)"
)

#: Sessions that have passed the door; written by the threads of the pages.
_admitted: set[str] = set()


def admit(may: bool = True) -> None:
    """Let the session whose page runs upload files, as it has passed the door, or no longer."""
    context = get_script_run_ctx(suppress_warning=True)
    if context is not None:
        (_admitted.add if may else _admitted.discard)(context.session_id)


class Gate:
    """ASGI middleware around Streamlit's server; runs on its event loop alone.

    Parameters
    ----------
    moved : gives where the path and query of an address lead that there is no more; "" of others
    """

    def __init__(self, app: ASGIApp, moved: Callable[[str, str], str] = lambda *_: "") -> None:
        # Starlette would write files of more than a megabyte to the disk.
        MultiPartParser.spool_max_size = _largest() + MEGABYTE
        self._app, self._moved = app, moved
        self._files: defaultdict[str, set[str]] = defaultdict(set)
        self._coming: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or have Streamlit answer."""
        if scope["type"] == "websocket":
            await self._app(scope, _heard(receive), send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = _with_headers(send)
        place = _OPEN.fullmatch(scope["path"])
        if not place and _INNER.search(scope["path"]):
            await PlainTextResponse("Not Found", 404)(scope, receive, send)
        elif place and place[1] and scope["method"] == "PUT":
            await self._upload(place[1], place[2], scope, receive, send)
        elif new := self._moved(scope["path"], scope.get("query_string", b"").decode("latin-1")):
            await RedirectResponse(new)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _upload(
        self, session: str, file: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        length = Headers(scope=scope).get("content-length", "")
        if session not in _admitted:
            refused = PlainTextResponse("This session may not upload files.", 403)
        elif not (length.isascii() and length.isdigit()):
            refused = PlainTextResponse("Say how long the file is.", 411)
        elif self._held({session}) + int(length) > FILES * _largest():
            refused = PlainTextResponse("This session holds enough files; remove one.", 413)
        elif self._held(self._sessions()) + int(length) > TOTAL:
            refused = PlainTextResponse("The server holds enough files; try again later.", 503)
        else:
            with self._under_way(session, file, int(length)):
                await self._app(scope, receive, send)
            return
        await refused(scope, receive, send)

    def _sessions(self) -> set[str]:
        """Sessions that may hold files; those that are gone are forgotten."""
        manager = runtime.get_instance()
        for session in [each for each in _admitted if not manager.is_active_session(each)]:
            # One that comes back runs its page, and passes the door again.
            _admitted.discard(session)
        # Streamlit keeps the files of a session for a while after its socket has closed.
        for session in [s for s in self._files if s not in _admitted and not self._held({s})]:
            del self._files[session]
        return {*self._files, *self._coming}

    def _held(self, sessions: set[str]) -> int:
        """Bytes that sessions hold or are sending."""
        manager = runtime.get_instance().uploaded_file_mgr
        kept = sum(
            len(each.data)
            for session in sessions
            for each in manager.get_files(session, list(self._files.get(session, ())))
        )
        return kept + sum(self._coming[session] for session in sessions)

    @contextmanager
    def _under_way(self, session: str, file: str, length: int) -> Iterator[None]:
        self._files[session].add(file)
        self._coming[session] += length
        try:
            yield
        finally:
            self._coming[session] -= length
            if not self._coming[session]:
                del self._coming[session]


def _largest() -> int:
    """Bytes of the largest file that Streamlit takes."""
    return int(st.get_option("server.maxUploadSize")) * MEGABYTE


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sent


def _heard(receive: Receive) -> Receive:
    """Messages of a websocket without those that get no hearing."""

    async def received() -> Message:
        while True:
            message = await receive()
            if _is_heard(message.get("bytes")):
                return message

    return received


def _is_heard(data: bytes | None) -> bool:
    """Whether a message gets a hearing; what is none, or too large, Streamlit itself refuses."""
    if data is None or len(data) > int(st.get_option("server.maxWidgetStateSize")) * MEGABYTE:
        return True
    try:
        asked = BackMsg.FromString(data)
    except DecodeError:
        return True
    kind = asked.WhichOneof("type")
    if kind == "backend_operation_request":
        return asked.backend_operation_request.WhichOneof("payload") in OPERATIONS
    return kind in HEARD and len(asked.file_urls_request.file_names) <= ANNOUNCED
