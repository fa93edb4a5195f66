"""A browser's part in a conversation with Streamlit, without the browser: what 50 of them take.

Speaks the protocol of the page's websocket: asks for a page, reads until its script is through,
keeps the widgets' ids, uploads files the way the upload widget does. Loopback only.
"""

from __future__ import annotations

import http.cookiejar
import time
import urllib.request
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

#: What a page says of a part that failed for a reason that is not the visitor's, and of a link
#: that it does not know.
FAILED, IGNORED = "the server's log says why", "was ignored"
#: What stands beside the sentence of ``page.problem``.
PROBLEM = ":material/error:"


@dataclass
class Seen:
    """What came of one request.

    Attributes
    ----------
    errors : what failed for a reason that is not the visitor's, or was not known
    problems : sentences in which the page says what is wrong (``page.problem``), errors too
    uploaders : ids of the upload widgets; buttons : label -> id
    """

    seconds: float = 0.0
    errors: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    uploaders: list[str] = field(default_factory=list)
    buttons: dict[str, str] = field(default_factory=dict)
    messages: int = 0

    def look(self, element: Any) -> None:
        """Take note of what the page shows."""
        if element.HasField("exception"):
            self.errors.append(element.exception.message)
        elif element.HasField("alert"):
            body = element.alert.body
            if element.alert.icon == PROBLEM:
                self.problems.append(body)
            if any(words in body for words in (FAILED, IGNORED)):
                self.errors.append(body)
        elif element.HasField("file_uploader"):
            self.uploaders.append(element.file_uploader.id)
        elif element.HasField("button"):
            self.buttons[element.button.label] = element.button.id


class Visitor:
    """One session with the server at ``url`` ("http://127.0.0.1:8501"), with ``cookies`` if any."""

    def __init__(
        self, url: str, patience: float = 60.0, cookies: Mapping[str, str] | None = None
    ) -> None:
        if urlsplit(url).hostname not in {"127.0.0.1", "localhost"}:
            raise ValueError("benchmarks speak to this machine only")
        self.url, self.patience = url, patience
        self.session = ""
        jar = http.cookiejar.CookieJar()
        self._http = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        for path in ("_stcore/health", "_stcore/host-config"):
            self._http.open(f"{url}/{path}", timeout=patience).read()
        self._xsrf = next((cookie.value or "" for cookie in jar if "xsrf" in cookie.name), "")
        sent = {cookie.name: cookie.value or "" for cookie in jar} | dict(cookies or {})
        self._cookies = "; ".join(f"{name}={value}" for name, value in sent.items())
        self._socket: ClientConnection = connect(
            url.replace("http", "ws", 1) + "/_stcore/stream",
            subprotocols=[Subprotocol(name) for name in ("streamlit", self._xsrf) if name],
            additional_headers={"Cookie": self._cookies},
            origin=Origin(url),
            max_size=None,
            open_timeout=patience,
            # A browser asks for no sign of life; the server does, and that is answered.
            ping_interval=None,
        )

    def __enter__(self) -> Visitor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def open(self, page: str, widgets: Any = None, query: str = "") -> Seen:
        """Ask for a page ("" is the first), with its link's query, and read until it is drawn."""
        message = BackMsg()
        message.rerun_script.page_name = page
        message.rerun_script.query_string = query
        if widgets is not None:
            message.rerun_script.widget_states.CopyFrom(widgets)
        return self._ask(message)

    def press(self, page: str, button: str) -> Seen:
        """Press a button of a page, by its id, and read until the page is drawn."""
        message = BackMsg()
        message.rerun_script.page_name = page
        message.rerun_script.widget_states.widgets.add(id=button, trigger_value=True)
        return self._ask(message)

    def upload(self, page: str, widget: str, name: str, data: bytes) -> Seen:
        """Upload a file to an upload widget of a page, and read until the page is drawn."""
        ask = BackMsg()
        ask.file_urls_request.request_id = uuid.uuid4().hex
        ask.file_urls_request.file_names.append(name)
        ask.file_urls_request.session_id = self.session
        self._socket.send(ask.SerializeToString())
        while True:
            answer = self._receive()
            if answer.WhichOneof("type") == "file_urls_response":
                place = answer.file_urls_response.file_urls[0]
                break
        self._put(place.upload_url, name, data)
        message = BackMsg()
        message.rerun_script.page_name = page
        state = message.rerun_script.widget_states.widgets.add(id=widget)
        info = state.file_uploader_state_value.uploaded_file_info.add(
            name=name, size=len(data), file_id=place.file_id
        )
        info.file_urls.CopyFrom(place)
        return self._ask(message)

    def _put(self, path: str, name: str, data: bytes) -> None:
        border = uuid.uuid4().hex
        head = (
            f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: image/png\r\n\r\n"
        )
        request = urllib.request.Request(
            f"{self.url}/{path.lstrip('/')}",
            data=head.encode() + data + f"\r\n--{border}--\r\n".encode(),
            method="PUT",
            headers={
                "Content-Type": f"multipart/form-data; boundary={border}",
                "X-Xsrftoken": self._xsrf,
            },
        )
        self._http.open(request, timeout=self.patience).read()

    def _receive(self) -> ForwardMsg:
        message: ForwardMsg = ForwardMsg.FromString(
            self._socket.recv(timeout=self.patience, decode=False)
        )
        return message

    def _ask(self, message: BackMsg) -> Seen:
        start, seen = time.perf_counter(), Seen()
        self._socket.send(message.SerializeToString())
        while True:
            answer = self._receive()
            seen.messages += 1
            kind = answer.WhichOneof("type")
            if kind == "new_session":
                self.session = answer.new_session.initialize.session_id
            elif kind == "delta" and answer.delta.HasField("new_element"):
                seen.look(answer.delta.new_element)
            elif kind == "page_not_found":
                seen.errors.append(f"no page {message.rerun_script.page_name}")
            elif kind == "script_finished":
                if answer.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    # The page asked for itself again: what counts is the run that follows.
                    continue
                seen.seconds = time.perf_counter() - start
                return seen
