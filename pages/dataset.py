"""Dataset: what films there are, what they give away, and which ones should not be used."""

from xray.dashboard import page, sections
from xray.dashboard.views.dataset import (
    classes,
    large_tables,
    leakage,
    outliers,
    shortcuts,
    splits,
)
from xray.dataset import large_tables as tables

page.enter()

sections.show(
    {
        "Classes and sizes": classes.show,
        "Shortcuts in the data": shortcuts.show,
        "Outliers": outliers.show,
        "Duplicates and leakage": leakage.show,
        "Splits and cleaning": splits.show,
        **({"Large tables": large_tables.show} if any(tables.configured()) else {}),
    }
)
