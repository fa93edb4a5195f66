"""The linear surrogate of LIME: weights as the lime package fits them, with their errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sklearn.metrics
from lime.lime_base import LimeBase
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from xray.explanations.designs import Masks

Floats = NDArray[np.float64]

#: The stock package's defaults (``LimeImageExplainer``, ``LimeBase``).
KERNEL_WIDTH = 0.25
RIDGE = 1.0
#: Superpixels that count as leading, here and in every figure of agreement.
LEADING = 5
#: Variance of the odd part of what a surrogate leaves unexplained (three superpixels together, and
#: more) as a share of the even part's (two together). Over films its median was 0.18 for the
#: network ``basic`` (30 films), 0.16 for a residual one (12) and 0.19 for VGG19 (8), the middle
#: half of the films within 0.13 to 0.25: worth as many degrees of freedom as said here.
ODD_SHARE, ODD_FREEDOM = 0.18, 8.0
_DRAWS = 400
_THREADS = ThreadpoolController()


@dataclass(frozen=True, eq=False)
class Surrogate:
    """A fitted surrogate of K superpixels.

    Attributes
    ----------
    weights, stderr : (K,) float64
        Change of the target when a superpixel is kept rather than filled, and its standard
        error: how much the weight would scatter between repeats of the design.
    freedom : float
        Degrees of freedom behind the standard errors.
    intercept : float
    r2 : float
        Weighted coefficient of determination, at most 1.
    """

    weights: Floats
    stderr: Floats
    freedom: float
    intercept: float
    r2: float


def kernel(distances: Floats) -> Floats:
    """The stock package's weight of an evaluation by its distance from the whole film."""
    return np.sqrt(np.exp(-(distances**2) / KERNEL_WIDTH**2))


def fit(masks: Masks, values: Floats) -> Surrogate:
    """Fit the surrogate as ``lime.lime_base.LimeBase`` does, and add standard errors.

    Cosine distance from the first row, exponential kernel of width 0.25, ridge regression
    with penalty 1, all superpixels.

    Parameters
    ----------
    masks : (n, K) bool, n >= 2
        The first row is the whole film: all True.
    values : (n,) float64
        Target of each evaluation.

    Returns
    -------
    Surrogate
    """
    # Matrices this small gain nothing from several threads, which wait for one another.
    with _THREADS.limit(limits=1, user_api="blas"):
        return _fit(masks.astype(np.float64), values)


def _fit(data: Floats, values: Floats) -> Surrogate:
    """``fit`` on masks as 0.0 and 1.0."""
    distances = sklearn.metrics.pairwise_distances(data, data[:1], metric="cosine").ravel()
    count = data.shape[1]
    intercept, ranked, r2, _ = LimeBase(kernel, random_state=0).explain_instance_with_data(
        data, values[:, None], distances, 0, count, feature_selection="none"
    )
    weights = np.empty(count)
    weights[[index for index, _ in ranked]] = [weight for _, weight in ranked]
    stderr, freedom = _stderr(data, values, kernel(distances))
    return Surrogate(weights, stderr, freedom, float(intercept), float(r2))


def _stderr(data: Floats, values: Floats, trust: Floats) -> tuple[Floats, float]:
    """Standard errors of the ridge weights, and their degrees of freedom.

    The weights are linear in the values, so their variance follows from that of the values.
    What the surrogate does not explain is interaction between superpixels, and the design
    randomises it. In a folded design a mask z and its complement z' share a residual e + o
    and e - o: the even part (two superpixels together) all but cancels from the weights and
    is kept apart from the odd part, which does not. Each has one variance, estimated from the
    same evaluations by least squares, as a ridge residual would hold some of the signal. One block
    leaves the odd part three degrees of freedom; what is known of other networks adds to them.
    """
    centred = data - np.average(data, axis=0, weights=trust)
    weighted = (centred * trust[:, None]).T
    gram = weighted @ centred + RIDGE * np.eye(data.shape[1])
    linear = np.asarray(np.linalg.solve(gram, weighted), np.float64)
    one, other = _complements(data)
    if len(one) >= 0.4 * len(data):
        odd, freedom = _least_squares(data[one] - data[other], (values[one] - values[other]) / 2)
        if freedom >= 1:
            even = float(np.var((values[one] + values[other]) / 2, ddof=1))
            known, freedom = ODD_SHARE * even * ODD_FREEDOM, freedom + ODD_FREEDOM
            variances = (odd @ odd + known) / freedom * _squares(linear[:, one] - linear[:, other])
            variances += even * _squares(linear[:, one] + linear[:, other])
            return np.sqrt(variances), freedom
    residuals, freedom = _least_squares(centred, values - np.average(values, weights=trust))
    freedom = max(1.0, freedom - 1)
    # The whole film is in every repeat and adds no scatter.
    return np.sqrt(residuals @ residuals / freedom * _squares(linear[:, 1:])), freedom


def _squares(linear: Floats) -> Floats:
    """Sum of squares of each row."""
    return np.asarray(np.einsum("kn,kn->k", linear, linear))


def _least_squares(data: Floats, values: Floats) -> tuple[Floats, float]:
    """Residuals of least squares and their degrees of freedom."""
    solution, _, rank, _ = np.linalg.lstsq(data, values, rcond=None)
    return values - data @ solution, float(len(values) - rank)


def _complements(data: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows that are each other's complements, each used once."""
    waiting: dict[bytes, list[int]] = {}
    pairs = []
    masks = data > 0
    rows, complements = np.packbits(masks, axis=1), np.packbits(~masks, axis=1)
    for index, (row, complement) in enumerate(zip(rows, complements, strict=True)):
        partners = waiting.get(complement.tobytes())
        if partners:
            pairs.append((partners.pop(), index))
        else:
            waiting.setdefault(row.tobytes(), []).append(index)
    found = np.array(pairs, np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def leading(weights: Floats, count: int = LEADING) -> NDArray[np.int64]:
    """Superpixels of the largest absolute weights, largest first; ties by their number."""
    return np.argsort(-np.abs(weights), kind="stable")[:count]


def overlap(one: Floats, other: Floats, count: int = LEADING) -> float:
    """Share, in [0, 1], of the leading superpixels of ``one`` that also lead in ``other``."""
    count = min(count, len(one))
    both = np.intersect1d(leading(one, count), leading(other, count))
    return float(both.size / count)


def expected_overlap(fitted: Surrogate, count: int = LEADING) -> float:
    """Overlap of the leading superpixels to expect between two repeats, in [0, 1].

    Repeats are drawn around the weights with their standard errors (Student's t, as the
    errors are estimates), with a fixed seed, so that the same fit gives the same figure.
    """
    width = len(fitted.weights)
    if width <= count:
        return 1.0
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((2, _DRAWS, width))
    # Both repeats of a draw share one uncertain standard error.
    noise *= np.sqrt(fitted.freedom / rng.chisquare(fitted.freedom, (1, _DRAWS, 1)))
    drawn = np.abs(fitted.weights + fitted.stderr * noise)
    top = np.argpartition(-drawn, count, axis=2)[..., :count]
    member = np.zeros(drawn.shape, bool)
    np.put_along_axis(member, top, True, axis=2)
    return float((member[0] & member[1]).sum(axis=1).mean() / count)
