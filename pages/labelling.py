"""Label films: devices marked by people, blind to each other and to the diagnosis."""

import streamlit as st

from xray import dashboard, dashboard_films, dashboard_label_views, dashboard_labelling, share

dashboard.enter()

VIEWS = ("Label", "Agreement", "Decide", "Export and import")

shown = dashboard_films.begin(
    lambda _: "Mark what children wear, one key a device",
    "Two people look at each film without its name, its diagnosis or each other's marks; the films "
    "the audit is most unsure of come first. Every key is saved at once.",
    lambda _: {"view": share.Choice(VIEWS)},
)
if shown and shown.folder is None:
    dashboard.empty(
        "There are no films here to look at", dashboard_films.NO_FILMS, dashboard_films.GET_FILMS
    )
elif shown:
    view = dashboard_films.choice("View", VIEWS, "view", hidden=True)
    with dashboard.guard(view):
        who = dashboard_labelling.labeller()
        if who is None:
            st.stop()
        elif view == VIEWS[0]:
            dashboard_labelling.workplace(shown, who)
        elif view == VIEWS[1]:
            dashboard_label_views.agreement(shown)
        elif view == VIEWS[2]:
            dashboard_label_views.decide(shown, who)
        else:
            dashboard_label_views.exchange(shown)
