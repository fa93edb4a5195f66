"""Models: a network with its card, and how it fares on films."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from xray.films.pixels import Pixels
    from xray.models.model import Model
    from xray.models.objects import ObjectModel
    from xray.models.plausibility import Check


def check(
    model: Model | ObjectModel,
    films: Pixels,
    labels: ArrayLike,
    *,
    real: bool = True,
    prepared: bool = False,
) -> Check:
    """Whether a model does what its options say (see ``plausibility.check``)."""
    from xray.models import plausibility

    return plausibility.check(model, films, labels, real=real, prepared=prepared)
