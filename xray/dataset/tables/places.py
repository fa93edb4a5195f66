"""Where the film lies that a table names: by path, by the last parts of a path, or by an id."""

from __future__ import annotations

import posixpath
import unicodedata
from collections import defaultdict
from pathlib import Path, PurePosixPath

from xray.dataset.left_out import Tally
from xray.dataset.walk import SUFFIXES, walk

ABSENT = "name a film that is not in the folder"
OUTSIDE = "name a film outside the folder"
SEVERAL = "name a film that lies in the folder several times, with nothing to tell which"
ADDRESS = "name an address in the web"
EMPTY = "name no film"


class Places:
    """Films of a folder, found by what tables call them.

    Parameters
    ----------
    folder : of the films
    near : folder of the table, relative to ``folder``; paths may be meant from there
    """

    def __init__(self, folder: Path, near: str = "") -> None:
        self._folder = folder
        self._root = folder.resolve().as_posix().rstrip("/") + "/"
        self._bases = ("", f"{near}/") if near not in ("", ".") else ("",)
        # How the film before was found: parts taken off its front, and what was set before.
        self._before: tuple[int, str] = (0, "")
        self._by_name: dict[str, list[str]] | None = None
        self._by_stem: dict[str, list[str]] = {}
        self._by_study: dict[str, list[str]] | None = None
        self.moved = 0
        self.respelt = 0

    def find(self, name: str) -> tuple[str, str]:
        """Find one film.

        Returns
        -------
        (path in the folder, with forward slashes; "") or (the name as it was read; the reason)
        """
        if not name or "://" in name[:10] or "\0" in name:
            reason = EMPTY if not name else ABSENT if "\0" in name else ADDRESS
            return name.replace("\0", "_"), reason
        text = name if "\\" not in name or self._is_file(name) else name.replace("\\", "/")
        absolute = text.startswith("/") or text[1:3] == ":/"
        if absolute and text.startswith(self._root):
            text, absolute = text.removeprefix(self._root), False
        text = posixpath.normpath(text)
        for base in () if absolute else self._bases:
            path = posixpath.normpath(base + text)
            if not path.startswith("../") and self._is_file(path):
                return path, ""
        if text.startswith("../") or text == "..":
            return text, OUTSIDE
        return self._elsewhere(text, absolute)

    def _is_file(self, path: str) -> bool:
        try:
            return (self._folder / path).is_file()
        except (OSError, ValueError):
            return False

    def _elsewhere(self, text: str, absolute: bool) -> tuple[str, str]:
        """Find a film that lies elsewhere in the folder than the table says."""
        parts = [part for part in text.split("/") if part and not part.endswith(":")]
        if not parts:
            return text, OUTSIDE
        cut, prefix = self._before
        if parts[cut:] and self._is_file(tried := prefix + "/".join(parts[cut:])):
            self.moved += 1
            return tried, ""
        found, respelt = self._candidates(parts[-1])
        given = [_key(part) for part in parts]
        best: list[str] = []
        shared = 0
        for path in found:
            there = [_key(part) for part in path.split("/")]
            common = _common_tail(given[:-1], there[:-1])
            # A bare name may lie anywhere; a path must agree with more than its last part.
            if len(parts) == 1 or common or len(there) == 1:
                if common > shared or not best:
                    best, shared = [path], common
                elif common == shared:
                    best.append(path)
        if not best:
            return text, OUTSIDE if absolute and not found else ABSENT
        if len(best) > 1:
            return text, SEVERAL
        path = best[0]
        tail = "/".join(path.split("/")[-shared - 1 :])
        if text.endswith(tail):
            self._before = (len(parts) - shared - 1, path.removesuffix(tail))
        self.moved += 1
        self.respelt += respelt
        return path, ""

    def of_study(self, name: str) -> list[str]:
        """Films of a study, which lie in a folder named "s" and its number (MIMIC-CXR)."""
        if self._by_study is None:
            self._by_study = defaultdict(list)
            for path, _ in walk(self._folder, Tally()):
                self._by_study[path.rpartition("/")[0].rpartition("/")[2]].append(path)
        return sorted(self._by_study.get(f"s{name}", []))

    def _candidates(self, name: str) -> tuple[list[str], bool]:
        """Films of a name; else those of the same name before their ending."""
        if self._by_name is None:
            self._by_name = defaultdict(list)
            self._by_stem = defaultdict(list)
            for path, _ in walk(self._folder, Tally()):
                key = _key(path.rpartition("/")[2])
                self._by_name[key].append(path)
                self._by_stem[_stem(key)].append(path)
        key = _key(name)
        if found := self._by_name.get(key):
            return found, False
        bare = _stem(key) == key
        return self._by_stem.get(_stem(key), []), not bare


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _stem(name: str) -> str:
    path = PurePosixPath(name)
    return path.stem if path.suffix in SUFFIXES else name


def _common_tail(one: list[str], other: list[str]) -> int:
    count = 0
    for a, b in zip(reversed(one), reversed(other), strict=False):
        if a != b:
            break
        count += 1
    return count
