"""The dashboard: page settings, navigation and the shared sidebar. Start: streamlit run app.py."""

import streamlit as st
from starlette.middleware import Middleware
from streamlit.runtime.scriptrunner import get_script_run_ctx

from xray import __version__
from xray.dashboard import gate, navigation, signin, startup, style
from xray.dashboard import page as dashboard

ICON = style.icon()


def draw() -> None:
    """Draw the page that a visitor asks for."""
    st.set_page_config(
        page_title="X-ray Model Audit",
        page_icon=ICON,
        layout="wide",
        menu_items={"About": f"X-ray Model Audit {__version__}. {dashboard.CLINICAL}"},
    )
    st.logo(ICON, size="large")
    signin.require()
    signin.sign_out()
    # Off in .streamlit/config.toml, where it says why.
    st.set_option("client.showSidebarNavigation", True)
    page = st.navigation(navigation.pages(), expanded=True)
    if page.url_path:  # Any but the first page.
        startup.tables()
    dashboard.run(page)
    dashboard.sidebar()


if get_script_run_ctx(suppress_warning=True) is None:
    # Not a visitor's run but the server that starts: Streamlit looks for this in the file.
    startup.begin(draw)
    app = st.App(__file__, middleware=[Middleware(gate.Gate, moved=navigation.leads_on)])
else:
    draw()
