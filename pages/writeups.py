"""Write-ups: what others reported, beside what it can have meant, and what our models do."""

import streamlit as st

from xray import dashboard, figures_models, reproduction, snippets, writeups
from xray import dashboard_models as shared

dashboard.enter()


def reported(view: shared.View) -> None:
    """What write-ups said, beside what that can have meant, and what our models do."""
    runs = shared.runs()
    told = [reproduction.trained(item, runs) for item in writeups.WRITE_UPS]
    table = writeups.table().assign(trained_here=told)
    scored = shared.scores(view)
    for place, item in enumerate(writeups.WRITE_UPS):
        row, (said, means) = table.iloc[place], st.columns([2, 3], gap="medium")
        said.markdown(f"**{snippets.plain(item.name)}** said: {snippets.plain(row['said'])}")
        said.caption(snippets.plain("; ".join(filter(None, (item.source, item.note)))))
        means.markdown(snippets.plain(row["means"]))
        if item.model in scored:
            ours = figures_models.by_metric(scored[item.model])["accuracy"]
            means.caption(f"Ours on the test films: accuracy {figures_models.interval(ours)}")
        if told[place]:
            means.caption(snippets.plain(told[place]))
        if counts := writeups.implied(item.stated, view.positive):
            with means:
                dashboard.show(
                    figures_models.confusion(counts, "As reported, it"), f"figure {place}"
                )
    dashboard.download("Save as CSV", table, "write-ups.csv")


def own() -> None:
    """Let the reader have other figures read."""
    st.markdown("**Read figures of your own** (original test split; leave out what is not stated)")
    boxes = zip(writeups.FIGURES, st.columns(len(writeups.FIGURES)), strict=True)
    typed = {name: box.text_input(name, placeholder="0.…", max_chars=8) for name, box in boxes}
    if stated := {name: text.strip() for name, text in typed.items() if text.strip()}:
        st.info(snippets.plain(writeups.meaning(stated)), icon=":material/calculate:")


view = shared.begin(
    lambda view: writeups.finding(),
    "A recall means nothing before one knows of which class. Few confusion matrices round to a set "
    "of stated figures; which they are tells the class, or that the figures cannot all be right.",
    choose_split=False,
)
with dashboard.guard("The reading of your figures"):
    own()
if view:
    with dashboard.guard("What others reported"):
        reported(view)
