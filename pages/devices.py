"""Devices: what they change, who wears them, how good the test is, and what helps."""

from xray.dashboard import page, sections
from xray.dashboard.views.devices import changes, films, quality, remedies

page.enter()

sections.show(
    {
        "What they change": changes.show,
        "In the films": films.show,
        "How good is this test": quality.show,
        "Remedies": remedies.show,
    }
)
