"""Large tables: any number of rows, of which a page reads what it shows."""

from __future__ import annotations

import streamlit as st

from xray import parquet
from xray.dashboard import browser, cache, catalogue, links, page
from xray.dataset import large_tables
from xray.dataset.large_tables import Table
from xray.figures import curation
from xray.reports import html


def show() -> None:
    """Draw the section."""
    tables, problems = large_tables.configured()
    by_name = {table.key: table for table in tables}
    asked = st.query_params.get("table", "")
    table = by_name.get(asked, tables[0] if tables else None)
    page.page(
        large_tables.says(table) if table else "No large table is here yet",
        "Films or predictions of any number; a page reads the rows it shows and no others.",
        {
            "table": links.Choice(tuple(by_name)),
            "page": links.Number(1, 1e9),
            **(_filters(table) if table else {}),
        },
    )
    for sentence in problems:
        page.problem(sentence)
    if table is None:
        page.empty(
            "Tables come from the command line",
            f"Write one, and start the dashboard with {large_tables.VARIABLE} set to its folder.",
            "python -m xray index FILMS --out films.parquet",
        )
        return
    if len(tables) > 1:
        st.selectbox("Table", list(by_name), key="table", bind="query-params")
    for sentence in table.warnings:
        st.info(html.plain(sentence), icon=":material/info:")
    with page.guard("The counts"):
        if len(table.counts):
            content = large_tables.content(table)
            made = cache.figure("large table", lambda: curation.counts(table), content)
            page.show(made, "counts")
    with page.guard("The rows"):
        rows(table)


def rows(table: Table) -> None:
    """Let the reader filter and leaf through a table."""
    where = {
        name: wanted
        for name in table.counted
        if (
            wanted := st.pills(
                html.plain(name.replace("_", " ").capitalize()),
                table.values(name),
                selection_mode="multi",
                key=name,
                bind="query-params",
                format_func=_title,
            )
        )
    }
    asked = table.key, *((name, *wanted) for name, wanted in where.items())
    count = table.matching(where)
    number = browser.page_number(catalogue.pages(count, large_tables.EACH), asked)
    found = cache.remember(
        "rows of a table",
        lambda: parquet.page(table.folder, number, large_tables.EACH, where=where),
        large_tables.content(table),
        number,
        asked,
    )
    st.markdown(f"**{count:,} rows**")
    page.table(found)
    page.download("These rows as CSV", found, f"rows-{number}.csv")


def _filters(table: Table) -> dict[str, links.Parameter]:
    return {
        name: links.Choice(tuple(map(curation.value_title, table.values(name))), several=True)
        for name in table.counted
    }


def _title(value: str) -> str:
    return html.label(curation.value_title(value))
