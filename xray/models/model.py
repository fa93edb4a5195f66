"""A loaded network with its card, and one way to predict."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from xray.errors import ModelError
from xray.models.card import Card

if TYPE_CHECKING:
    # For types only: pages that only show results read no film.
    from xray.films.pixels import Pixels

LogOdds = NDArray[np.float64]


class Predictor(Protocol):
    """What explanations and audits need of a model; tests bring their own."""

    @property
    def card(self) -> Card:
        """Its card."""

    def prepare(self, films: Pixels) -> Pixels:
        """Resize films (N, H, W) to the model's size, still grey in [0, 1]."""

    def log_odds_prepared(self, grey: Pixels, precision: str = "float32") -> LogOdds:
        """Log-odds of the positive class for prepared films."""


class BaseModel:
    """How any model is asked, whatever gives its raw outputs.

    Parameters
    ----------
    card : the model's card.
    """

    #: Whether ``raw`` gives logits, the network's last activation removed.
    exact = False

    def __init__(self, card: Card) -> None:
        self.card = card

    def prepare(self, films: Pixels) -> Pixels:
        """Resize films (N, H, W) of any size to (N, h, w), still grey in [0, 1]."""
        from xray.films.resize import resize

        return resize(films, self.card.size, self.card.fit)

    def log_odds_prepared(
        self, grey: Pixels, precision: str = "float32", batch: int | None = None
    ) -> LogOdds:
        """Log-odds of the positive class of films already at the model's size.

        Parameters
        ----------
        grey : (N, h, w) float32 in [0, 1]
        precision : "float32" or "bfloat16" (the arithmetic; weights stay float32)
        batch : films a call; chosen by the size of a film when None.

        Returns
        -------
        (N,) float64; a ModelError where the network gave something that is not a number
        """
        from xray.models import inputs, outputs

        card = self.card
        # About 4 million input pixels a batch keep activations within tens of megabytes.
        step = batch or max(8, min(256, 2**20 // int(np.prod(card.size))))
        batches = (grey[start : start + step] for start in range(0, len(grey), step))
        parts = [
            self.raw(inputs.scaled(films, card.scale, card.channels, card.colour), precision)
            for films in batches
        ]
        raw = np.concatenate(parts) if parts else np.empty((0, 1 + max(card.positive_index)))
        return outputs.by_card(raw, card, logits=self.exact)

    def log_odds(self, films: Pixels, precision: str = "float32") -> LogOdds:
        """Log-odds of the positive class of films (N, H, W) of any size, float32 in [0, 1]."""
        return self.log_odds_prepared(self.prepare(films), precision)

    def probability(self, films: Pixels) -> LogOdds:
        """Probability of the positive class of films (N, H, W)."""
        from xray.metrics.odds import to_probability

        return to_probability(self.log_odds(films))

    def raw(self, x: Pixels, precision: str = "float32") -> NDArray[Any]:
        """Raw outputs (N, units) of one batch of scaled films (N, h, w, channels)."""
        raise NotImplementedError


class Model(BaseModel):
    """A loaded network with its card; safe to call from several threads.

    Parameters
    ----------
    card : the model's card.
    network : a built Keras model that gives the card's ``output``, or a ``runtimes.Runtime``.
    """

    def __init__(self, card: Card, network: Any) -> None:
        from xray.models.formats import keras_graph
        from xray.models.formats.runtimes import Runtime

        super().__init__(card)
        self.keras = not isinstance(network, Runtime)
        if self.keras:
            network, self.exact = keras_graph.prepared(network, card)
        self._network = network
        #: What loads it again, and by which arguments; None for one made in this process.
        self.origin: tuple[Callable[..., Model], tuple[Any, ...]] | None = None
        self.lock = threading.Lock()
        self._compiled: dict[str, Callable[[Pixels], NDArray[np.float32]]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process as the place of a file and its hash, never as weights."""
        if self.origin is None:
            raise ModelError(
                f"{self.card.name} lies in no file that another process could load; store it first."
            )
        return self.origin

    @property
    def bytes(self) -> int:
        """Memory that the weights take."""
        return int(4 * self._network.count_params())

    @property
    def network(self) -> Any:
        """The network; one of Keras without its last activation where that could be removed."""
        return self._network

    def raw(self, x: Pixels, precision: str = "float32") -> NDArray[np.float32]:
        """What the network gives, (N, units), of one batch of scaled films (N, h, w, channels)."""
        from xray.models import networks

        with self.lock:
            if precision not in self._compiled:
                self._compiled[precision] = networks.compiled(self._network, self.card, precision)
            given: NDArray[np.float32] = self._compiled[precision](x)
        return given
