"""How the pages look beyond what .streamlit/config.toml can say."""

from __future__ import annotations

import base64
from functools import lru_cache

from xray.environment import ROOT
from xray.reports import styles


@lru_cache(maxsize=1)
def icon() -> str:
    """The app's icon, as an address that holds it: a file would be read and hashed at every run."""
    data = base64.b64encode((ROOT / "assets" / "icon.png").read_bytes())
    return f"data:image/png;base64,{data.decode()}"


# Bars of progress jump: gliding keeps a browser without a graphics card busy all the time it waits.
STYLE = (
    f"<style>{styles.SHARED}"
    + """
.xma-lead{font-size:1.12rem;line-height:1.5;max-width:50rem;margin:0}
.xma-question{margin:0;opacity:.82;font-size:1.02rem}
.xma-clinical{margin:.35rem 0 0;opacity:.82;font-size:.85rem}
.st-key-ways :is(a,button){border:1px solid color-mix(in srgb,currentColor 30%,transparent);
  border-radius:.4rem;padding:.2rem .7rem}
.stMain h1{padding:0 0 .2rem}
.xma-empty{border:1px dashed color-mix(in srgb,currentColor 45%,transparent);
  border-radius:.6rem;padding:1.1rem 1.3rem;margin:.4rem 0 1rem}
.xma-empty strong{font-size:1.08rem}
.xma-scroll+p{margin:1.2rem 0 0}
.xma-figure{font-size:1.08rem;font-weight:600;line-height:1.4;margin:.4rem 0 0}
.st-key-bar{margin-bottom:-.5rem}
.xma-verdict{padding:.55rem 0;border-top:1px solid color-mix(in srgb,currentColor 18%,transparent)}
.xma-verdict strong{margin-right:.5rem;font-size:1.05rem}
.xma-why{margin-left:.5rem;font-weight:600}
.stHtml .xma-measured{display:flex;flex-wrap:wrap;gap:.1rem 2rem;margin:.2rem 0 0;padding:0;
  font-variant-numeric:tabular-nums;line-height:1.35}
.xma-measured dt{font-size:.82rem;opacity:.82}.xma-measured dd{margin:0;font-weight:600}
.xma-measured div:first-child:not(:last-child){min-width:8.5rem}
.xma-measured div:nth-child(2):not(:last-child){min-width:24rem}
[data-testid=stSidebarHeader]>:first-child{display:flex;align-items:center;gap:.6rem}
[data-testid=stSidebarHeader]>:first-child::after{content:"X-ray Model Audit";font-weight:600;
  white-space:nowrap}
.stMain .block-container{max-width:80rem;padding-left:3rem;padding-right:3rem}
.stMain [data-testid^=stBaseButton-primary],.stMain [data-testid=stMultiSelect] span[title]{
  color:Canvas!important}
.stPlotlyChart :is([class$=tick] text,[class$=title],.legendtext,.annotation-text,.textpoint text){
  fill:currentColor!important}
[data-testid=stProgress] *{transition:none!important}
.stMain [data-testid^=stBaseButton-segmented]{border-right:1px solid;
  border-right-color:color-mix(in srgb,currentColor 30%,transparent)}
.stMain [data-testid=stButtonGroup] [role=radiogroup],.stMain [data-testid=stButtonGroup]>div{
  row-gap:.3rem}
@media (max-width:640px){.st-key-share{position:fixed;top:.55rem;right:3.4rem;width:auto;
  z-index:999991}
  .stMain .block-container{padding-left:1rem;padding-right:1rem}
  :has(>.st-key-drawn){flex-basis:calc(100vw - 2rem)!important}
  .stMain h1{font-size:1.3rem}.xma-question{font-size:.9rem}
  .xma-measured div:nth-child(2):not(:last-child){min-width:0}
  .xma-why{display:block;margin:.2rem 0 0}.xma-lead{font-size:.98rem;line-height:1.4}
  .xma-number{font-size:1.6rem}}
</style>"""
)

#: Streamlit follows the system's light or dark setting; this app is a reading-room and starts
#: dark until the visitor chooses otherwise in the menu, for which there is no setting. The first
#: visit to a page therefore stores "Dark" where Streamlit keeps the choice, and, for the page
#: that is already drawn, answers "dark" once when Streamlit asks ("afterprint" makes it ask).
#: Where Streamlit changes and this no longer works, the app follows the system again.
DARK_FIRST = """<script>try{
const store=window.localStorage,path=location.pathname,seen="xma-started-dark-"+path;
if(!store.getItem(seen)){store.setItem(seen,"1");store.setItem("stActiveTheme-"+path+"-v2",'"Dark"');
const real=window.matchMedia;window.matchMedia=q=>q==="(prefers-color-scheme: dark)"?
{matches:true,media:q,addEventListener(){},removeEventListener(){}}:real.call(window,q);
window.dispatchEvent(new Event("afterprint"));
setTimeout(()=>{window.matchMedia=real},1000)}}catch(error){}</script>"""

#: Sent once a run, in one piece: every piece costs a rerun as much as a line of text.
HEAD = STYLE + DARK_FIRST
