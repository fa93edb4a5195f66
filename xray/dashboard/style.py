"""How the pages look beyond what .streamlit/config.toml can say."""

from __future__ import annotations

STYLE = """<style>
.xma-chip{display:inline-block;color:#fff;border-radius:1rem;padding:.1rem .75rem;
  font-weight:600;font-size:.9rem;white-space:nowrap;line-height:1.6}
.xma-swatch{width:.85em;height:.85em;vertical-align:-.05em;margin-right:.35em}
.xma-film{width:100%;display:block;background:#000;border-radius:.4rem}
.xma-lead{font-size:1.12rem;line-height:1.55;max-width:46rem;margin:0 0 .6rem}
.xma-question{margin:0 0 -.6rem;opacity:.82;font-size:1.02rem}
.stMain h1{padding:0 0 .2rem}
.xma-fact{opacity:.82;font-size:.92rem;line-height:1.5}
.xma-number{font-size:2.1rem;font-weight:650;line-height:1.15;font-variant-numeric:tabular-nums}
.xma-empty{border:1px dashed color-mix(in srgb,currentColor 45%,transparent);
  border-radius:.6rem;padding:1.1rem 1.3rem;margin:.4rem 0 1rem}
.xma-empty strong{font-size:1.08rem}
.xma-figure{font-size:1.08rem;font-weight:600;line-height:1.4;margin:.4rem 0 0}
.xma-pair{display:grid;grid-template-columns:1fr 1fr;gap:.8rem}
.xma-pair figure{margin:0}
.xma-pair figcaption{margin-top:.25rem;font-size:.92rem;line-height:1.35}
.xma-pair .xma-number{display:block;font-size:1.7rem}
.xma-frame{position:relative}.xma-frame .xma-over{position:absolute;inset:0;width:100%;height:100%}
.xma-models{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}
.xma-models th,.xma-models td{padding:.4rem .55rem .4rem 0;text-align:left;vertical-align:top;
  border-bottom:1px solid color-mix(in srgb,currentColor 18%,transparent)}
.xma-models thead th{font-size:.82rem;font-weight:400;line-height:1.3;opacity:.82;
  padding:.1rem .5rem .2rem 0;vertical-align:bottom}
.xma-models thead tr:first-child th[colspan]{border-bottom:0;padding-bottom:0}
.xma-models td{font-size:1.15rem;font-weight:600}
.xma-models tbody th{font-weight:600;min-width:13rem}
.xma-models .xma-chip{display:block;width:fit-content;margin-top:.15rem;font-size:.85rem}
.st-key-bar{margin-bottom:-.5rem}
.xma-models .xma-why{margin:.1rem 0 0;font-weight:400;font-size:.95rem}
.xma-models .xma-fact{font-weight:400;font-size:.85rem}
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
.stMain .block-container{max-width:80rem}
@media (max-width:640px){.xma-models thead{position:absolute;clip-path:inset(50%);height:1px;
  overflow:hidden;width:1px}
  .xma-models,.xma-models tbody{display:block}
  .xma-models tr{display:grid;grid-template-columns:repeat(5,1fr);gap:.1rem .5rem;padding:.35rem 0;
  border-bottom:1px solid color-mix(in srgb,currentColor 18%,transparent)}
  .xma-models th,.xma-models td{display:block;border:0;padding:0}
  .xma-models tbody th{grid-column:1/-1}
  .xma-models td{font-size:1rem}
  .xma-models td::before{content:attr(data-label);display:block;font-size:.68rem;line-height:1.15;
  font-weight:400;opacity:.85;min-height:2.3em}
  .xma-models .xma-chip{display:inline-block;margin:0 0 0 .3rem;font-size:.8rem}
  .xma-models .xma-why{font-size:.9rem}
  .stMain h1{font-size:1.3rem}.xma-question{font-size:.9rem}
  .xma-measured div:nth-child(2):not(:last-child){min-width:0}
  .xma-why{display:block;margin:.2rem 0 0}.xma-lead{font-size:1.02rem}.xma-number{font-size:1.6rem}}
</style>"""

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
