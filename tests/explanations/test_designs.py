"""Perturbation designs."""

from __future__ import annotations

import numpy as np
import pytest

from xray.explanations import designs


@pytest.mark.parametrize("at_least", [1, 2, 3, 12, 20, 28, 36, 40, 44, 45, 53, 61, 65, 85, 120])
def test_hadamard_rows_and_columns_are_orthogonal(at_least: int) -> None:
    matrix = designs.hadamard(at_least).astype(int)
    order = len(matrix)
    assert at_least <= order < at_least + 8
    assert (matrix @ matrix.T == order * np.eye(order)).all()
    assert (np.abs(matrix) == 1).all()
    assert (matrix[0] == 1).all() and (matrix[:, 0] == 1).all()


def test_hadamard_cannot_be_changed_through_the_cache() -> None:
    with pytest.raises(ValueError, match="read-only"):
        designs.hadamard(8)[0, 0] = -1


@pytest.mark.parametrize("superpixels", [1, 2, 5, 31, 44, 47, 60])
@pytest.mark.parametrize("design", designs.DESIGNS)
def test_block_has_the_promised_shape(design: str, superpixels: int) -> None:
    masks = designs.block(design, superpixels, np.random.default_rng(0))
    assert masks.shape == (designs.block_size(design, superpixels), superpixels)
    assert masks.dtype == bool


def test_default_count_costs_95_evaluations_with_the_whole_film() -> None:
    from xray.explanations.superpixels import DEFAULT_COUNT

    assert designs.block_size("folded", DEFAULT_COUNT) + 1 == 95


@pytest.mark.parametrize("design", ["folded", "balanced"])
def test_second_half_is_the_complement_and_columns_are_balanced(design: str) -> None:
    masks = designs.block(design, 44, np.random.default_rng(1))
    half = len(masks) // 2
    assert (masks[half:] == ~masks[:half]).all()
    assert (masks.sum(axis=0) == half).all()


def test_folded_block_separates_main_effects_from_pairs() -> None:
    # With the whole and the empty film the block is a full folded Hadamard design.
    masks = designs.block("folded", 44, np.random.default_rng(2))
    full = np.concatenate([np.ones((1, 44), bool), np.zeros((1, 44), bool), masks])
    signs = np.where(full, 1, -1)
    assert (signs.T @ signs == len(full) * np.eye(44)).all()
    pairs = signs[:, :, None] * signs[:, None, :]
    assert (np.einsum("nk,nij->kij", signs, pairs) == 0).all()


def test_rows_keep_about_half_of_the_superpixels() -> None:
    kept = designs.block("folded", 44, np.random.default_rng(3)).mean(axis=1)
    assert kept.min() > 0.4 and kept.max() < 0.6


def test_blocks_differ_by_seed_and_repeat_by_seed() -> None:
    one = designs.block("folded", 44, np.random.default_rng(4))
    again = designs.block("folded", 44, np.random.default_rng(4))
    other = designs.block("folded", 44, np.random.default_rng(5))
    assert (one == again).all()
    assert (one != other).mean() > 0.3


def test_unknown_design_is_named() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        designs.block("nonsense", 5, np.random.default_rng(0))


@pytest.mark.parametrize("design", designs.DESIGNS)
def test_halves_are_a_block_cut_in_two_with_complements_together(design: str) -> None:
    masks = designs.block(design, 44, np.random.default_rng(6))
    one, two = designs.halves(design, masks)
    assert sorted(map(bytes, np.concatenate([one, two]))) == sorted(map(bytes, masks))
    assert abs(len(one) - len(two)) <= 2
    if design in {"folded", "balanced"}:
        for half in (one, two):
            assert {bytes(row) for row in half} == {bytes(~row) for row in half}
