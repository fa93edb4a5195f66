"""Damaged and odd tables, made by kind: each with what must come of it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

#: Films that lie in the folder beside every table.
FILMS = [f"img/{letter}{k}.png" for letter in "np" for k in range(4)]
NAMES = {"n": "NORMAL", "p": "PNEUMONIA"}


@dataclass(frozen=True)
class Odd:
    """One table.

    Attributes
    ----------
    name : of the case
    file : of the table
    data : its bytes
    rows : rows that it holds; None where it cannot be read at all
    used : films that must be used; None: none, and one sentence says why
    says : words that the sentences or the error hold
    options : of ``index``
    """

    name: str
    data: bytes
    rows: int | None
    used: int | None
    says: str = ""
    file: str = "t.csv"
    options: tuple[str, ...] = field(default=())


def lines(separator: str = ",", path: str = "{}", header: str = "path,label") -> list[str]:
    """A whole table of the eight films."""
    made = [header.replace(",", separator)]
    return made + [separator.join((path.format(film), NAMES[film[4]])) for film in FILMS]


def text(rows: list[str], end: str = "\n") -> str:
    return end.join(rows) + end


def cases() -> Iterator[Odd]:
    """Every kind."""
    yield from _encodings()
    yield from _separators()
    yield from _paths()
    yield from _labels()
    yield from _rows()
    yield from _wrecks()
    yield from _columns()


def _encodings() -> Iterator[Odd]:
    marked = [lines()[0] + ",remark", *(line + ",gêné, øre"[:5] for line in lines()[1:])]
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"):
        for end in ("\n", "\r\n", "\r"):
            data = text(marked, end).encode(encoding)
            if encoding == "utf-16-be" and end == "\r":
                data = b"\xfe\xff" + data
            says = "Latin-1" if encoding in ("cp1252", "latin-1") else ""
            yield Odd(f"{encoding} {end!r}", data, 8, 8, says)
    odd = text(marked).encode("cp1252") + b"img/n0.png,NORMAL,\x81\x8d\n"
    yield Odd("bytes of no letter", odd, 9, 8, "Latin-1")
    yield Odd("packed", gzip.compress(text(marked).encode()), 8, 8, file="t.csv.gz")
    yield Odd("packed under a plain name", gzip.compress(text(marked).encode()), 8, 8)


def _separators() -> Iterator[Odd]:
    for separator in ",;\t|":
        for quoted in (False, True):
            rows = lines(separator)
            if quoted:
                rows = [separator.join(f'"{c}"' for c in r.split(separator)) for r in rows]
            yield Odd(f"{separator!r} {quoted}", text(rows).encode(), 8, 8)
            yield Odd(f"no last line end {separator!r} {quoted}", text(rows).encode()[:-1], 8, 8)
            spaced = [f" {separator} ".join(r.split(separator)) for r in rows] if not quoted else []
            if spaced:
                yield Odd(f"spaces {separator!r}", text(spaced).encode(), 8, 8)
    yield Odd("tabs in tsv", text(lines("\t")).encode(), 8, 8, file="t.tsv")
    yield Odd("Excel's line", b"sep=;\n" + text(lines(";")).encode(), None, None, "sep=")
    yield Odd("empty lines", text([lines()[0], "", *lines()[1:], "", ""]).encode(), 8, 8)
    yield Odd("commas of empty cells", text([r + ",,," for r in lines()]).encode(), 8, 8)


def _paths() -> Iterator[Odd]:
    kinds = {
        "backslashes": lambda f: f.replace("/", "\\"),
        "dot": lambda f: f"./{f}",
        "round about": lambda f: f"img/../{f}",
        "bare id": lambda f: f[4:6],
        "bare name": lambda f: f[4:],
        "upper case": str.upper,
        "another ending": lambda f: f.replace(".png", ".jpg"),
        "another machine": lambda f: f"/home/me/data/{f}",
        "another Windows": lambda f: "C:\\Users\\me\\" + f.replace("/", "\\"),
        "published folder": lambda f: f"CheXpert-v1.0/{f}",
    }
    for name, change in kinds.items():
        rows = [lines()[0], *(f"{change(film)},{NAMES[film[4]]}" for film in FILMS)]
        yield Odd(f"paths: {name}", text(rows).encode(), 8, 8)
    for name, wrong, says in (
        ("absent", "img/q9.png", "not in the folder"),
        ("outside", "../secret.png", "outside the folder"),
        ("absolute", "/etc/passwd", "outside the folder"),
        ("address", "https://example.org/a.png", "an address"),
        ("empty", "", "name no film"),
        ("a folder", "img", "not in the folder"),
        ("zero byte", "img/\0n0.png", ""),
        ("very long", "x" * 5_000, "not in the folder"),
        ("only dots", "..", "outside the folder"),
        ("slash", "/", ""),
        ("star", "img/*.png", "not in the folder"),
        ("another folder", "elsewhere/n0.png", "not in the folder"),
    ):
        for times in (1, 3):
            rows = text([*lines(), *[f"{wrong},NORMAL"] * times]).encode()
            if "\0" in wrong:
                yield Odd(f"path: {name} {times}", rows, None, None, "zero bytes")
            else:
                yield Odd(f"path: {name} {times}", rows, 8 + times, 8, says)


def _labels() -> Iterator[Odd]:
    for name, label, says in (
        ("unknown", "Effusion", "Effusion: 2"),
        ("empty", "", "have no label"),
        ("nan", "NaN", "have no label"),
        ("both", "NORMAL|PNEUMONIA", "both classes"),
        ("number", "3", "3: 2"),
        ("long", "y" * 300, "maps to no class"),
    ):
        rows = [*lines(), f"img/n0.png,{label}", f"img/p1.png,{label}"]
        yield Odd(f"label: {name}", text(rows).encode(), 10, 8, says)
    for name, label in (("case", str.lower), ("spaces", lambda t: f" {t} "), ("title", str.title)):
        rows = [lines()[0], *(f"{film},{label(NAMES[film[4]])}" for film in FILMS)]
        yield Odd(f"label: {name}", text(rows).encode(), 8, 8)
    with_two = [*lines(), "img/n0.png,PNEUMONIA"]
    yield Odd("two labels", text(with_two).encode(), 9, 7, "the other class")
    respelt = text([*lines(), "img\\n0.png,PNEUMONIA"]).encode()
    yield Odd("two labels, other spelling", respelt, 9, 7, "the other class")
    yield Odd("two labels, thrice", text([*with_two, "img/n0.png,NORMAL"]).encode(), 10, 7)
    yield Odd("two labels, by id", text([*lines(), "n0,PNEUMONIA"]).encode(), 9, 7)
    several = [*lines(), "img/n1.png,NORMAL", "img/n1.png,NORMAL", "img/p0.png,PNEUMONIA"]
    yield Odd("again", text(several).encode(), 11, 8, "an earlier row names")
    for many in (9_000,):
        late = [*lines(), *["img/n0.png,NORMAL"] * many, "img/n0.png,PNEUMONIA"]
        yield Odd(f"two labels after {many}", text(late).encode(), 9 + many, 7, "the other class")
    flags = ["path,Sick", *(f"{film},{int(film[4] == 'p')}" for film in FILMS), "img/n0.png,"]
    ask = ("--positive", "Sick=1")
    yield Odd("flags", text(flags).encode(), 9, 8, "have no label", options=ask)
    real = [row.replace(",1", ",1.0").replace(",0", ",0.0") for row in flags]
    yield Odd("flags as reals", text(real).encode(), 9, 8, "have no label", options=ask)
    narrow = (*ask, "--negative", "Sick=0")
    other = [*flags, "img/n1.png,2"]
    yield Odd("flags, both said", text(other).encode(), 10, 8, "2: 1", options=narrow)
    none = [lines()[0], *(f"{film},Cardiomegaly" for film in FILMS)]
    yield Odd("no class at all", text(none).encode(), 8, None, "Cardiomegaly: 8")


def _rows() -> Iterator[Odd]:
    yield Odd("short", text([*lines(), "img/n0.png"]).encode(), 9, 8, "fewer fields")
    yield Odd("long", text([*lines(), "img/n0.png,NORMAL,x,y"]).encode(), 9, 8, "more fields")
    yield Odd("cut off", text(lines()).encode()[:-7], 8, 7, "PNE: 1")
    open_quote = [*lines()[:3], '"img/n9.png,NORMAL', *lines()[3:]]
    yield Odd("open quotation mark", text(open_quote).encode(), 9, 2, "quotation marks")
    closed = [*lines()[:3], '"img/n9.png,NORMAL', *lines()[3:6], 'x",NORMAL', *lines()[6:]]
    yield Odd("stray quotation marks", text(closed).encode(), 10, 5, "quotation marks")
    remark = [r + "," for r in lines()]
    remark[0] += "remark"
    remark[2] += '"two\nlines, of words"'
    yield Odd("a remark of two lines", text(remark).encode(), 8, 8)
    for wide in (2, 30, 300):
        more = [lines()[0] + "".join(f",c{k}" for k in range(wide))]
        more += [row + "," * wide for row in lines()[1:]]
        yield Odd(f"{wide} more columns", text(more).encode(), 8, 8)
    again = [*lines(), lines()[0]]
    yield Odd("header again", text(again).encode(), 9, 8, "label: 1")
    for column, value in (("patient", "007"), ("patient", "P-1"), ("split", "fold 3")):
        rows = [lines()[0] + f",{column}", *(row + f",{value}" for row in lines()[1:])]
        yield Odd(
            f"{column} {value}", text(rows).encode(), 8, 8, "fold 3" if column == "split" else ""
        )
    rows = [
        lines()[0] + ",split",
        *(row + ",train" for row in lines()[1:]),
        "img/n0.png,NORMAL,test",
    ]
    yield Odd("two splits", text(rows).encode(), 9, 7, "another split")


def _wrecks() -> Iterator[Odd]:
    wrecks = {
        "nothing": (b"", "is empty"),
        "spaces": (b"  \n \n", "no header"),
        "header alone": (b"path,label\n", "has no rows"),
        "zero bytes": (b"\0" * 400, "zero bytes"),
        "spreadsheet": (b"PK\x03\x04" + b"x" * 100, "spreadsheet"),
        "old spreadsheet": (b"\xd0\xcf\x11\xe0" + b"x" * 100, "spreadsheet"),
        "half a packed file": (gzip.compress(text(lines() * 50).encode())[:60], "cannot be read"),
        "noise": (bytes(range(1, 256)) * 8, ""),
        "a picture": (b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" * 20, ""),
        "words": (b"This is no table.\n" * 20, ""),
        "a page": (b"<!doctype html><html><body>Not found</body></html>\n", ""),
        "json": (b'[{"path": "img/n0.png", "label": "NORMAL"}]\n', ""),
        "a pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", ""),
        "a field without end": (b"path,label\n" + b"x" * 200_000 + b",NORMAL\n", "field"),
        "parquet cut off": (b"PAR1" + b"x" * 50, "cannot be read"),
        "odd surrogates": (b"\xff\xfe" + b"\x00\xd8" * 30, "cannot be read"),
        "odd number of bytes": (b"\xff\xfep\0a\0t\0h\0,\0l\0a\0b\0e\0l\0\n\0x", ""),
        "one column": (b"path\nimg/n0.png\n", "no column label"),
        "no names": (b",,\nimg/n0.png,NORMAL,\n", "no column"),
    }
    for name, (data, says) in wrecks.items():
        for file in ("t.csv", "t.tsv", "t.csv.gz"):
            yield Odd(f"wreck: {name} {file}", data, None, None, says, file=file)


def _columns() -> Iterator[Odd]:
    for path in ("file", "Filename", "image_path", "Image Index", "ImageID", "id", "where"):
        rows = text(lines(header=f"{path},label")).encode()
        yield Odd(f"path column {path}", rows, 8, 8, "" if path == "path" else "taken as the path")
    for label in ("Class", "diagnosis", "Finding", "target"):
        yield Odd(f"label column {label}", text(lines(header=f"path,{label}")).encode(), 8, 8)
    twice = [row + ",NORMAL" for row in lines()]
    twice[0] = "path,label,label"
    yield Odd("label twice", text(twice).encode(), None, None, "2 columns named label")
    twice[0] = "path,label,Label"
    yield Odd("label in two cases", text(twice).encode(), 8, 8)
    said = ("--columns", "path=What,label=label")
    yield Odd(
        "column that is not there",
        text(lines()).encode(),
        None,
        None,
        "no column What",
        options=said,
    )


def parquets(folder: Path) -> Iterator[tuple[str, Path, int, int]]:
    """The same as Parquet: name, path, rows, films that must be used."""
    kinds = {
        "words": lambda label: label,
        "numbers": lambda label: int(label == "PNEUMONIA"),
        "truth": lambda label: label == "PNEUMONIA",
        "gaps": lambda label: 1.0 if label == "PNEUMONIA" else float("nan"),
    }
    for name, change in kinds.items():
        labels = [change(NAMES[film[4]]) for film in FILMS]
        path = folder / f"{name}.parquet"
        pd.DataFrame({"path": FILMS, "label": labels, "patient": range(8)}).to_parquet(path)
        yield name, path, 8, 4 if name == "gaps" else 8
