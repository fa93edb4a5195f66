"""Large tables: any number of rows, of which a page reads what it shows."""

import streamlit as st

from xray import parquet
from xray.dashboard import browser, cache, catalogue, links, page
from xray.dataset import large_tables
from xray.figures import curation
from xray.reports import html

page.enter()

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
        **{
            name: links.Choice(tuple(map(curation.value_title, table.values(name))), several=True)
            for name in (table.counted if table else ())
        },
    },
)
for sentence in problems:
    page.problem(sentence)
if table is None:
    page.empty(
        "Tables come from the command line",
        f"Write one, and start the dashboard with {large_tables.VARIABLE} set to its folder. "
        "'evaluate --out' writes such tables too.",
        "python -m xray index FILMS --out films.parquet",
    )
else:
    if len(tables) > 1:
        st.selectbox("Table", list(by_name), key="table", bind="query-params")
    content = large_tables.content(table)
    with page.guard("The counts"):
        if len(table.counts):
            made = cache.figure("large table", lambda: curation.counts(table), content)
            page.show(made, "counts")
    with page.guard("The rows"):
        where = {
            name: wanted
            for name in table.counted
            if (wanted := st.pills(
                name.replace("_", " ").capitalize(), table.values(name),
                selection_mode="multi", key=name, bind="query-params",
                format_func=lambda value: html.label(curation.value_title(value)),
            ))
        }  # fmt: skip
        asked = table.key, *((name, *wanted) for name, wanted in where.items())
        count = table.matching(where)
        number = browser.page_number(catalogue.pages(count, large_tables.EACH), asked)
        rows = cache.remember(
            "rows of a table",
            lambda: parquet.page(table.folder, number, large_tables.EACH, where=where),
            content,
            number,
            asked,
        )
        st.markdown(f"**{count:,} rows**")
        st.dataframe(rows, hide_index=True, width="stretch")
        page.download("These rows as CSV", rows, f"rows-{number}.csv")
