"""The dashboard: page settings, navigation and the shared sidebar. Start: streamlit run app.py."""

import streamlit as st

from xray import __version__
from xray.dashboard import navigation, signin, startup
from xray.dashboard import page as dashboard
from xray.files import ROOT

ICON = str(ROOT / "assets" / "icon.png")

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
