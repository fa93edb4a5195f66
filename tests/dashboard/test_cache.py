"""What is made once: found again for the very same things, never for others."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import pyarrow as pa
import pytest

from xray import classes
from xray.dashboard import cache
from xray.reports import html


def test_the_same_things_are_asked_once_and_others_again() -> None:
    asked: list[float] = []

    def total(table: pd.DataFrame, more: dict[str, float], classes_: list[str]) -> float:
        asked.append(float(table["x"].sum()) + sum(more.values()))
        return asked[-1]

    table, twin = (pd.DataFrame({"x": [1, 2]}) for _ in range(2))
    assert cache.made(total, table, {"a": 1.0}, ["b"]) == 4
    # Words and numbers are the same where they are equal, whoever holds them.
    assert cache.made(total, table, {"a": 1.0}, ["b"]) == 4
    assert len(asked) == 1
    # A table is the same only where it is one object: an equal one may be changed later.
    cache.made(total, twin, {"a": 1.0}, ["b"])
    cache.made(total, table, {"a": 2.0}, ["b"])
    cache.made(total, table, {"a": 1.0}, ["c"])
    with classes.using(classes.Classes("CLEAR", "TB")):
        cache.made(total, table, {"a": 1.0}, ["b"])
    assert len(asked) == 5


def test_what_is_kept_holds_what_it_was_made_of() -> None:
    def size(table: pd.DataFrame) -> int:
        return len(table)

    # Were a table let go, the next one might take its place in memory, and its answer.
    assert [cache.made(size, pd.DataFrame({"x": range(n)})) for n in range(30)] == list(range(30))


def test_equal_numbers_of_another_kind_are_others() -> None:
    assert [cache.made(repr, each) for each in (1, 1.0, True)] == ["1", "1.0", "True"]


def test_a_failure_is_not_kept() -> None:
    tries: list[int] = []

    def fails(_: int) -> int:
        tries.append(1)
        if len(tries) == 1:
            raise ValueError
        return 7

    for expected in (None, 7):
        try:
            assert cache.made(fails, 3) == expected
        except ValueError:
            assert expected is None


def test_figures_are_ready_to_be_sent_and_tables_hold_no_index() -> None:
    drawn = {"data": [], "layout": {"title": {"text": "Height alone"}}}
    figure = cache.drawn(go.Figure, drawn)
    assert figure is cache.drawn(go.Figure, drawn)
    table = pd.DataFrame({"x": [1, 2]}, index=[5, 6])
    assert cache.wire(table).equals(pa.table({"x": [1, 2]}))
    mixed = pd.DataFrame({"x": [1, "a"]}, dtype=object)
    assert cache.wire(mixed).equals(mixed)


def test_a_table_that_streamlit_saves_as_csv_holds_no_formula() -> None:
    texts = ["=1+1", " +1", "-1", "@SUM(A1)", "film-1.jpeg", None]
    table = pd.DataFrame({"=name": texts, "kind": pd.Categorical(["=x"] * 6), "number": -1.5})
    sent = cache.wire(table)
    cells = [*sent.column_names, *sent.column(0).to_pylist(), *sent.column(1).to_pylist()]
    assert not any(str(cell).lstrip(" ").startswith(("=", "+", "-", "@")) for cell in cells)
    read = [str(cell).replace(html.JOINER, "") for cell in cells]
    assert read == ["=name", "kind", "number", *map(str, texts), *["=x"] * 6]
    assert sent.column("number").to_pylist() == [-1.5] * 6
    assert table["=name"].tolist()[:5] == texts[:5], "the table itself stays"


def test_a_look_at_files_holds_for_a_moment_and_not_where_it_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[int] = []

    def look(fails: bool) -> int:
        looks.append(len(looks))
        if fails:
            raise OSError("gone")
        return looks[-1]

    monkeypatch.setattr(cache, "HOLD", 60.0)
    assert [cache.lately(look, False), cache.lately(look, False)] == [0, 0]
    for _ in range(2):
        with pytest.raises(OSError, match="gone"):
            cache.lately(look, True)
    assert len(looks) == 3
    monkeypatch.setattr(cache, "HOLD", 0.0)
    assert cache.lately(look, False) == 3
