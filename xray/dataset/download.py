"""Download one large file over HTTP: resumed, checked, and told in plain words when refused."""

from __future__ import annotations

import http.client
import re
import shutil
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from xray.errors import ArtifactError, DatasetError
from xray.files import read_json, sha256_file, write_json
from xray.jobs.progress import Progress

_BLOCK = 1 << 20

#: Seconds without a byte after which a connection is given up.
TIMEOUT = 60.0

#: Attempts, and seconds before the second; the wait doubles from there.
ATTEMPTS, WAIT = 5, 2.0

#: Refusals that may pass: too many requests, and trouble on the server's side.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})

_TROUBLE = (URLError, http.client.HTTPException, ConnectionError, TimeoutError)


#: Trouble that waiting does not mend: no such host, or one that is not who it says.
_HOPELESS = (socket.gaierror, ssl.SSLCertVerificationError)


@dataclass(frozen=True)
class _Version:
    """Which file a part belongs to, so that two versions are never joined."""

    url: str
    tag: str
    total: int


class _OnlyHttp(HTTPRedirectHandler):
    """Follow redirects to other web addresses only, never to files of this machine."""

    def redirect_request(
        self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Request | None:
        check_url(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def check_url(url: str) -> None:
    """Refuse anything but a web address.

    Raises
    ------
    DatasetError
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise DatasetError(f"{url!r} is not a web address; give one that starts with https://.")


def download(
    url: str,
    path: Path,
    sha256: str = "",
    progress: Progress | None = None,
    most_bytes: int = 4_000_000_000,
) -> Path:
    """Download a file; what a broken connection left behind is gone on from.

    The part lies beside ``path`` until it is whole and its hash is right.

    Parameters
    ----------
    url : web address; redirects are followed
    path : where the file goes; kept when it is there already and its hash is right
    sha256 : expected hash; "" when unknown
    progress : called with (bytes done, bytes in all)
    most_bytes : larger files are refused

    Raises
    ------
    DatasetError
        Refused, out of reach, too large, or damaged; the sentence says what to do.
    """
    check_url(url)
    path = Path(path)
    if path.is_file() and sha256 and sha256_file(path) == sha256:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    wait = WAIT
    for attempt in range(1, ATTEMPTS + 1):
        if _is_whole(url, part):
            break
        try:
            with _open(url, part, most_bytes) as (response, version, start):
                _receive(response, part, version, start, progress)
            break
        except HTTPError as error:
            if error.code not in _PASSING or attempt == ATTEMPTS:
                raise DatasetError(_refused(url, error)) from error
        except _TROUBLE as error:
            if attempt == ATTEMPTS or isinstance(getattr(error, "reason", None), _HOPELESS):
                raise DatasetError(_out_of_reach(url, part, error)) from error
        time.sleep(wait)
        wait *= 2
    if sha256 and sha256_file(part) != sha256:
        part.unlink()
        _notes(part).unlink(missing_ok=True)
        raise DatasetError(
            f"What {_host(url)} sent is not the expected file (its SHA-256 differs) and was thrown "
            "away; try again, or download it in a browser."
        )
    part.replace(path)
    _notes(part).unlink(missing_ok=True)
    return path


@contextmanager
def _open(url: str, part: Path, most_bytes: int) -> Iterator[tuple[Any, _Version, int]]:
    """Ask for the file, or for the rest of it; gives response, version and first byte."""
    have = part.stat().st_size if part.exists() else 0
    known = _read_notes(part) if have else None
    headers = {"User-Agent": "xray-model-audit", "Accept-Encoding": "identity"}
    if known and known.url == url and known.tag:
        headers |= {"Range": f"bytes={have}-", "If-Range": known.tag}
    try:
        response = build_opener(_OnlyHttp).open(Request(url, headers=headers), timeout=TIMEOUT)
    except HTTPError as error:
        # The part is longer than the file is now.
        if error.code == 416:
            part.unlink(missing_ok=True)
            raise ConnectionError("the part on disk did not fit") from error
        raise
    with response:
        tag = _tag(response.headers)
        start, total = _range(response)
        if start and (not known or known.total != total or start != have):
            part.unlink(missing_ok=True)
            raise ConnectionError("the file has changed since the download began")
        if total > most_bytes:
            raise DatasetError(
                f"{_host(url)} offers a file of {total / 1e9:.1f} GB, more than the dataset can "
                "be; check the address."
            )
        free = shutil.disk_usage(part.parent).free
        if total - start > free:
            raise DatasetError(
                f"The download needs {(total - start) / 1e9:.1f} GB but {part.parent} has "
                f"{free / 1e9:.1f} GB left; free some space or choose another folder with --to."
            )
        yield response, _Version(url, tag, total), start


def _receive(
    response: Any, part: Path, version: _Version, start: int, progress: Progress | None
) -> None:
    """Write the body behind what is there, or anew where the server sends all of it."""
    write_json(_notes(part), asdict(version))
    done = start
    with open(part, "ab" if start else "wb") as stream:
        while block := response.read(_BLOCK):
            done += len(block)
            if version.total and done > version.total:
                break
            stream.write(block)
            if progress:
                progress(done, version.total)
    if version.total and done != version.total:
        raise ConnectionError(f"the connection broke after {done:,} of {version.total:,} bytes")


def _range(response: Any) -> tuple[int, int]:
    """First byte of the body, and length of the whole file (0 when the server does not say)."""
    if response.status == 206:
        found = re.match(r"bytes (\d+)-\d+/(\d+)$", response.headers.get("Content-Range", ""))
        if found:
            return int(found[1]), int(found[2])
        raise ConnectionError("the server did not say which part it sent")
    return 0, int(response.headers.get("Content-Length") or 0)


def _tag(headers: Any) -> str:
    """What names the version of the file: a strong ETag, else its date, else nothing."""
    tag = str(headers.get("ETag") or "")
    return tag if tag and not tag.startswith("W/") else str(headers.get("Last-Modified") or "")


def _notes(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _read_notes(part: Path) -> _Version | None:
    try:
        return _Version(**read_json(_notes(part)))
    except (ArtifactError, TypeError):
        return None


def _is_whole(url: str, part: Path) -> bool:
    """Whether the last run got everything and was stopped before it could say so."""
    known = _read_notes(part) if part.exists() else None
    return known is not None and known.url == url and 0 < known.total == part.stat().st_size


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def _refused(url: str, error: HTTPError) -> str:
    reasons = {
        401: "asks for a login",
        403: "refuses this download",
        404: "no longer has the file at this address",
        410: "no longer has the file at this address",
        429: "has had too many requests",
    }
    reason = reasons.get(error.code, "cannot serve the file now")
    return f"{_host(url)} {reason} (HTTP {error.code})"


def _out_of_reach(url: str, part: Path, error: BaseException) -> str:
    reason = getattr(error, "reason", None) or error
    have = part.stat().st_size if part.exists() else 0
    kept = f"; {have / 1e6:,.0f} MB are kept and gone on from next time" if have else ""
    return f"{_host(url)} cannot be reached or breaks off ({reason}){kept}"
