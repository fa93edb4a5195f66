"""What pages and reports say is plain: sentences of at most twenty words, no expert's units."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from xray.environment import ROOT

LONGEST = 20
#: The card of the labels is a document of its own, with tables; code and styles are no sentences.
NOT_READ = {"label_card.py", "styles.py", "style.py", "grid.py", "render.py"}
#: What the section on pairs of models says is made in two modules outside those folders.
MODULES = [
    path
    for folder in ("pages", "xray/dashboard", "xray/figures", "xray/reports")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if path.name not in NOT_READ
] + [ROOT / "xray" / name for name in ("metrics/comparison.py", "training/replication.py")]


def sentences(text: str) -> list[str]:
    """Sentences of a text; what is filled in, or stands in backticks, counts as one word."""
    bare = re.sub(r"`[^`]*`|\{[{%].*?[%}]\}", "x", " ".join(text.split()))
    return re.split(r"(?<=[.?!])\s|<[^>]*>", bare)


def _text(node: ast.AST) -> str:
    """A literal as a reader meets it: what is filled in counts as one word."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(v) if isinstance(v, ast.Constant) else "1" for v in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left) + _text(node.right)
    return ""


def literals(path: Path) -> Iterator[str]:
    """Texts of a module, joined where they are added; no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inner = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr | ast.BinOp)
        for child in ast.iter_child_nodes(node)
    }
    documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        known = isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp)
        if known and id(node) not in inner | documents:
            yield _text(node)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_sentence_is_longer_than_twenty_words(path: Path) -> None:
    # A sample of code, such as the one for PyTorch, is none.
    told = [each for text in literals(path) if "import " not in text for each in sentences(text)]
    assert [each for each in told if len(each.split()) > LONGEST] == []


@pytest.mark.parametrize("name", ["audit", "film", "base", "pieces", "section"])
def test_no_sentence_of_a_report_is_longer(name: str) -> None:
    text = (ROOT / "xray" / "reports" / "templates" / f"{name}.html").read_text(encoding="utf-8")
    told = [
        each
        for part in re.findall(r"<(?:p|li)\b[^>]*>(.*?)</(?:p|li)>", text, re.DOTALL)
        for each in sentences(part)
    ]
    assert [each for each in told if len(each.split()) > LONGEST] == []


def test_a_long_sentence_is_found() -> None:
    assert max(len(each.split()) for each in sentences("One two. " + "word " * 21 + ".")) > LONGEST
    assert len(sentences("It is `a long command of words`. {{ two }} more.")) == 2
