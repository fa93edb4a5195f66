"""Large tables: any number of rows, of which a page reads what it shows."""

import streamlit as st

from xray import (
    browse,
    dashboard,
    dashboard_browse,
    dashboard_cache,
    figures_tables,
    large_tables,
    parts,
    share,
)

dashboard.enter()

tables, problems = large_tables.configured()
by_name = {table.key: table for table in tables}
asked = st.query_params.get("table", "")
table = by_name.get(asked, tables[0] if tables else None)
dashboard.page(
    large_tables.says(table) if table else "No large table is here yet",
    "Films, predictions or effects of any number; a page reads the rows it shows and no others.",
    {
        "table": share.Choice(tuple(by_name)),
        "page": share.Number(1, 1e9),
        **{name: share.Choice(
            tuple(map(figures_tables.value_title, table.values(name))), several=True)
           for name in (table.counted if table else ())},
    },
)  # fmt: skip
for sentence in problems:
    dashboard.problem(sentence)
if table is None:
    dashboard.empty(
        "Tables come from the command line",
        f"Write one, and start the dashboard with {large_tables.VARIABLE} set to its folder. "
        "'evaluate --out' and 'audit --effects' write such tables too.",
        "python -m xray index FILMS --out films.parquet",
    )
else:
    if len(tables) > 1:
        st.selectbox("Table", list(by_name), key="table", bind="query-params")
    content = large_tables.content(table)
    with dashboard.guard("The counts"):
        if len(table.counts):
            made = dashboard_cache.figure(
                "large table", lambda: figures_tables.counts(table), content
            )
            dashboard.show(made, "counts")
    with dashboard.guard("The rows"):
        where = {
            name: wanted
            for name in table.counted
            if (wanted := st.pills(
                name.replace("_", " ").capitalize(), table.values(name),
                selection_mode="multi", key=name, bind="query-params",
                format_func=figures_tables.value_title,
            ))
        }  # fmt: skip
        asked = table.key, *((name, *wanted) for name, wanted in where.items())
        count = table.matching(where)
        number = dashboard_browse.page_number(browse.pages(count, large_tables.EACH), asked)
        rows = dashboard_cache.remember(
            "rows of a table",
            lambda: parts.page(table.folder, number, large_tables.EACH, where=where),
            content,
            number,
            asked,
        )
        st.markdown(f"**{count:,} rows**")
        st.dataframe(rows, hide_index=True, width="stretch")
        dashboard.download("These rows as CSV", rows, f"rows-{number}.csv")
