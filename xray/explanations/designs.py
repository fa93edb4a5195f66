"""Perturbation designs: which superpixels of a film stay in each evaluation of the model.

A design is a boolean matrix, a row an evaluation, a column a superpixel: True keeps the
superpixel, False fills it. The stock ``lime`` package flips a coin for every cell. A Hadamard
matrix uses the same number of evaluations better: its columns are exactly balanced and mutually
orthogonal, so that no main effect leaks into another, and folding it over (every row followed
by its complement) removes all two-superpixel interactions from the main effects as well
(Plackett and Burman 1946; Box and Wilson 1951).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

Masks = NDArray[np.bool_]
Signs = NDArray[np.int8]

#: Design -> what it does, in words for people.
DESIGNS = {
    "folded": "Hadamard matrix and its complement",
    "hadamard": "Hadamard matrix",
    "balanced": "random halves and their complements",
    "coin_flips": "a coin for every superpixel, as the lime package does",
}
#: Columns of a Hadamard matrix beyond superpixels and intercept: degrees of freedom of the error.
SPARE = 3


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % factor for factor in range(2, int(number**0.5) + 1))


def _jacobsthal(prime: int) -> Signs:
    """Jacobsthal matrix: +1 where the difference of indices is a square modulo ``prime``."""
    character = np.full(prime, -1, np.int8)
    character[(np.arange(1, prime) ** 2) % prime] = 1
    character[0] = 0
    index = np.arange(prime)
    return np.asarray(character[(index[:, None] - index[None, :]) % prime])


def _paley_one(prime: int) -> Signs:
    """Hadamard matrix of order prime + 1, for a prime that leaves 3 on division by 4."""
    skew = np.zeros((prime + 1, prime + 1), np.int8)
    skew[0, 1:], skew[1:, 0] = 1, -1
    skew[1:, 1:] = _jacobsthal(prime)
    return (skew + np.eye(prime + 1, dtype=np.int8)).astype(np.int8)


def _paley_two(prime: int) -> Signs:
    """Hadamard matrix of order 2 (prime + 1), for a prime that leaves 1 on division by 4."""
    conference = np.zeros((prime + 1, prime + 1), np.int8)
    conference[0, 1:], conference[1:, 0] = 1, 1
    conference[1:, 1:] = _jacobsthal(prime)
    identity = np.eye(prime + 1, dtype=np.int8)
    plus, minus = np.array([[1, 1], [1, -1]], np.int8), np.array([[1, -1], [-1, -1]], np.int8)
    return (np.kron(conference, plus) + np.kron(identity, minus)).astype(np.int8)


def _construct(order: int) -> Signs | None:
    """Hadamard matrix of exactly this order, or None where these constructions have none."""
    if order in (1, 2):
        return np.asarray(scipy.linalg.hadamard(order, dtype=np.int8))
    if order % 4:
        return None
    if _is_prime(order - 1) and (order - 1) % 4 == 3:
        return _paley_one(order - 1)
    half = order // 2 - 1
    if half % 4 == 1 and _is_prime(half):
        return _paley_two(half)
    smaller = _construct(order // 2)
    if smaller is None:
        return None
    return np.kron(np.asarray(scipy.linalg.hadamard(2, dtype=np.int8)), smaller)


@lru_cache(maxsize=64)
def hadamard(at_least: int) -> Signs:
    """Hadamard matrix of the smallest order these constructions reach.

    Orders 4, 8, 12, ... by Paley's two constructions over prime fields and by doubling
    (Paley 1933, Sylvester 1867); up to 100 only 52, 92 and 100 are left out.

    Parameters
    ----------
    at_least : int
        The least order wanted, 1 or more.

    Returns
    -------
    (n, n) int8 of -1 and +1, read-only
        n >= ``at_least``; normalised: the first row and column are all +1, the others sum to 0
        (from n = 2). Rows are orthogonal to one another, and so are columns.
    """
    order = max(1, at_least)
    matrix = _construct(order)
    while matrix is None:
        order += 1
        matrix = _construct(order)
    matrix = (matrix * matrix[:, :1]).astype(np.int8)
    matrix = (matrix * matrix[:1]).astype(np.int8)
    matrix.setflags(write=False)
    return matrix


def block_size(design: str, superpixels: int) -> int:
    """Evaluations of one block: what it takes to estimate every weight and its error.

    A Hadamard matrix of order N tells N - 1 superpixels apart. ``SPARE`` of its columns are
    left free, and what they pick up says how far the weights can be trusted.
    """
    rows = len(hadamard(superpixels + 1 + SPARE)) - 1
    return rows if design == "hadamard" else 2 * rows


def block(design: str, superpixels: int, rng: np.random.Generator) -> Masks:
    """Draw one randomised block of a design.

    In a Hadamard block the superpixels are dealt to random columns, so that blocks from the
    same generator are independent of one another. The matrix is normalised: its first row
    would be the whole film (and, folded, the empty one); these are left out, as the explainer
    evaluates the whole film anyway. All other rows then keep about half of the superpixels
    each, and the lime package's kernel trusts them all alike; with random signs it would not,
    and the interactions that folding cancels would come back.

    Parameters
    ----------
    design : one of ``DESIGNS``
    superpixels : int
        Columns, K >= 1.
    rng : numpy Generator

    Returns
    -------
    (block_size, K) bool
        True keeps the superpixel. In "folded" and "balanced" row i + n/2 is the complement
        of row i.
    """
    if design not in DESIGNS:
        raise ValueError(f"unknown design {design!r}; choose one of {', '.join(DESIGNS)}")
    rows = block_size(design, superpixels)
    if design == "coin_flips":
        return rng.integers(0, 2, (rows, superpixels)).astype(bool)
    if design == "balanced":
        half = np.arange(rows // 2)[:, None] % 2 == np.zeros(superpixels, int)
        half = rng.permuted(half, axis=0)
        return np.concatenate([half, ~half])
    matrix = hadamard(superpixels + 1 + SPARE)
    # Column 0 is constant and belongs to the intercept.
    columns = 1 + rng.permutation(len(matrix) - 1)[:superpixels]
    half = matrix[1:, columns] > 0
    return half if design == "hadamard" else np.concatenate([half, ~half])


def halves(design: str, masks: Masks) -> tuple[Masks, Masks]:
    """Cut a block in two, each with the complements of its own rows.

    A half is not orthogonal, but together with a whole block before it the little that leaks is
    divided by all of their evaluations.
    """
    half = len(masks) // 2
    if design in {"folded", "balanced"}:
        quarter = half // 2
        places = np.r_[:quarter, half : half + quarter]
    else:
        places = np.arange(half)
    chosen = np.zeros(len(masks), bool)
    chosen[places] = True
    return masks[chosen], masks[~chosen]
