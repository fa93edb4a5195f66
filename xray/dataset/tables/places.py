"""Where the film lies that a table names: by path, by the last parts of a path, or by an id."""

from __future__ import annotations

import posixpath
import re
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
        self._before: tuple[list[str], str] = ([], "")
        # End of a path -> what stands before it (``_before``) -> films.
        self._by_end: dict[str, dict[tuple[str, str], list[str]]] = {}
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
        front, prefix = self._before
        inner = parts[len(front) :]
        tried = prefix + "/".join(inner)
        if inner and front == parts[: len(front)] and self._is_file(tried):
            self.moved += 1
            return tried, ""
        found, respelt = self._candidates(parts)
        if len(found) != 1:
            return text, SEVERAL if found else OUTSIDE if absolute else ABSENT
        path = found[0]
        given, there = (list(map(_key, each)) for each in (parts, path.split("/")))
        shared = _common_tail(given[:-1], there[:-1])
        tail = "/".join(path.split("/")[-shared - 1 :])
        if text.endswith(tail):
            self._before = (parts[: -1 - shared], path.removesuffix(tail))
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

    def _candidates(self, parts: list[str]) -> tuple[list[str], bool]:
        """Films that a path may mean, and whether they end otherwise.

        A bare name may lie anywhere. A path agrees in as many of its last parts as any film does,
        and in more than its name, but for a film that lies in no folder.
        """
        if not self._by_end:
            self._list()
        name = _key(parts[-1])
        given = [*map(_key, parts[:-1]), _stem(name)]
        ends = ["/".join(given[start:]) for start in range(max(1, len(given) - 1))]
        end = next((end for end in ends if end in self._by_end), f"./{given[-1]}")
        front = given[: -end.count("/") - 1] if end[0] != "." else []
        groups = self._by_end.get(end, {})
        found = [
            path
            for before, paths in groups.items()
            if not _are_siblings(_before(front), before)
            for path in paths
        ]
        same = [path for path in found if _key(path.rpartition("/")[2]) == name]
        return same or found, not same and _stem(name) != name

    def _list(self) -> None:
        """List the films of the folder by every end of their paths."""
        found: dict[str, dict[tuple[str, str], list[str]]] = {}
        for path, _ in walk(self._folder, Tally()):
            *front, name = map(_key, path.split("/"))
            there = [*front, _stem(name)]
            for start in range(len(there)):
                # A film that lies in no folder is told from one of its name in any.
                ends = ["/".join(there[start:]), *([] if front else [f"./{there[0]}"])]
                for end in ends:
                    found.setdefault(end, {}).setdefault(_before(there[:start]), []).append(path)
        self._by_end = found or {"": {}}


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _stem(name: str) -> str:
    path = PurePosixPath(name)
    return path.stem if path.suffix in SUFFIXES else name


def _before(front: list[str]) -> tuple[str, str]:
    """The folder in which a path goes on, its numbers as 0, and the one around it; "" of none."""
    return (re.sub(r"\d+", "0", front[-1]) if front else "", front[-2] if front[1:] else "")


def _are_siblings(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether two folders (``_before``) hold films of different people, studies or places.

    "train/patient2" is none that "train/patient1" was moved to, nor is "patient2" alone.
    """
    numbered = "0" in one[0] and one[0] == other[0]
    return numbered or (bool(one[1]) and one[1] == other[1])


def _common_tail(one: list[str], other: list[str]) -> int:
    count = 0
    for a, b in zip(reversed(one), reversed(other), strict=False):
        if a != b:
            break
        count += 1
    return count
