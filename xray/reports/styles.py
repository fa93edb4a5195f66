"""How chips, films and tables look, on the pages and in reports alike."""

from __future__ import annotations

SHARED = """
.xma-chip{display:inline-block;color:#fff;border-radius:1rem;padding:.1rem .75rem;
  font-weight:600;font-size:.9rem;white-space:nowrap;line-height:1.6}
.xma-swatch{width:.85em;height:.85em;vertical-align:-.05em;margin-right:.35em}
.xma-film{width:100%;display:block;background:#000;border-radius:.4rem}
.xma-number{font-size:2.1rem;font-weight:650;line-height:1.15;font-variant-numeric:tabular-nums}
.xma-fact{opacity:.82;font-size:.92rem;line-height:1.5}
.xma-pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(8rem,1fr));gap:.8rem}
.xma-pair figure{margin:0}
.xma-pair figcaption{margin-top:.25rem;font-size:.92rem;line-height:1.35}
.xma-pair .xma-number{display:block;font-size:1.7rem}
.xma-frame{position:relative;background:#000;border-radius:.4rem;overflow:hidden;line-height:0}
.xma-frame img{width:100%;display:block}
.xma-frame .xma-pixels{image-rendering:pixelated}
.xma-frame .xma-over{position:absolute;inset:0;width:100%;height:100%}
.xma-frame .xma-none{aspect-ratio:1.3;display:grid;place-items:center;color:#9AA3AE;
  line-height:1.5;padding:1rem;text-align:center}
.stHtml .xma-facts{display:grid;grid-template-columns:fit-content(40%) 1fr;gap:.2rem 1rem;margin:0;
  padding:0;font-size:.95rem;line-height:1.5}
.xma-facts dt{opacity:.72}.xma-facts dd{margin:0;overflow-wrap:anywhere}
.js-plotly-plot :is(.annotation-text,.textpoint text){paint-order:stroke;stroke:Canvas;
  stroke-width:5px;stroke-linejoin:round}
.xma-scroll{overflow-x:auto;background:
  linear-gradient(90deg,transparent,Canvas 60%) 100%/3rem 100% no-repeat local,
  linear-gradient(90deg,transparent,color-mix(in srgb,currentColor 32%,transparent)) 100%/1.2rem
  100% no-repeat}
.xma-table{border-collapse:collapse;font-size:.95rem;font-variant-numeric:tabular-nums}
.xma-table th{text-align:left;font-weight:600;opacity:.82;vertical-align:bottom}
.xma-table thead th{white-space:normal!important}
.xma-table th,.xma-table td{padding:.3rem 1rem .3rem 0;white-space:pre;line-height:1.25;
  border-bottom:1px solid color-mix(in srgb,currentColor 16%,transparent)}
.xma-table .xma-n{text-align:right}
.xma-models{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}
.xma-models th,.xma-models td{padding:.3rem .55rem 0 0;text-align:left;vertical-align:baseline}
.xma-models thead th{font-size:.82rem;font-weight:400;line-height:1.25;opacity:.82;
  padding:.1rem .5rem .2rem 0;vertical-align:bottom}
.xma-models thead tr:first-child th[colspan]{padding-bottom:0}
.xma-models td{font-size:1.15rem;font-weight:600}
.xma-models tbody th{font-weight:600;min-width:14rem}
.xma-models .xma-said td{padding:.05rem 0 .4rem;font-size:.92rem;font-weight:400;
  border-bottom:1px solid color-mix(in srgb,currentColor 18%,transparent)}
.xma-models .xma-said .xma-chip{font-size:.82rem}
.xma-models .xma-said .xma-why{font-weight:400}
.xma-models .xma-group th{font-size:.82rem;font-weight:600;padding:.35rem 0 0;
  letter-spacing:.02em;opacity:.9}
.xma-models .xma-fact{font-weight:400;font-size:.85rem}
@media (max-width:640px){.xma-wide{display:none}
  .stHtml .xma-calls{grid-template-columns:1fr;gap:0}.xma-calls dd{margin:0 0 .4rem 1.2em}
  .xma-models thead th{font-size:.64rem;line-height:1.15;padding-right:.25rem}
  .xma-models tbody th{font-size:.86rem;min-width:0;width:38%}
  .xma-models td{font-size:.92rem;padding-right:.25rem}
  .xma-models .xma-said td{font-size:.8rem;padding-bottom:.3rem}
  .xma-models .xma-said .xma-chip{font-size:.72rem;padding:.05rem .5rem}
  .xma-models .xma-said .xma-why{margin:0;display:inline}}
"""
