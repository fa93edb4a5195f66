"""Performance: how often models are right, where to cut, what errors cost, what others said."""

from xray.dashboard import page, sections
from xray.dashboard.views.performance import (
    calibration,
    compare,
    costs,
    operating_point,
    pairs,
    reported,
)

page.enter()

sections.show(
    {
        "Compare": compare.show,
        "Operating point": operating_point.show,
        "Costs": costs.show,
        "Calibration": calibration.show,
        "Pairwise comparison": pairs.show,
        "What others reported": reported.show,
    }
)
