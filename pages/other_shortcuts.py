"""Other shortcuts: what else than the lungs a model can read."""

from xray.dashboard import page, sections
from xray.dashboard.views import other_shortcuts

page.enter()

sections.show({"Other shortcuts": other_shortcuts.show})
