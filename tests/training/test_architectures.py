"""Networks are what their recipes and the write-ups say."""

from __future__ import annotations

import pytest

from xray.training import architectures, overrides, recipes


@pytest.mark.parametrize("name", ["basic", "augmented"])
def test_recipes_build_what_they_say(name: str) -> None:
    recipe = recipes.get(name)
    network = architectures.build(recipe)
    assert network.input_shape == (None, 128, 128, 1)
    assert network.output_shape == (None, 1)
    pools = [layer for layer in network.layers if "MaxPooling" in type(layer).__name__]
    assert len(pools) == 4
    assert not any("Random" in type(layer).__name__ for layer in network.layers)


@pytest.mark.parametrize("activation", ["relu", "swish"])
def test_five_convolutions_have_the_parameters_of_the_write_up(activation: str) -> None:
    pytest.importorskip("keras")
    recipe = overrides.change(recipes.get("five_conv300"), {"options.activation": activation})
    network = architectures.build(recipe)
    assert network.count_params() == 311_041
    assert network.input_shape == (None, 300, 300, 1)
    convolutions = [layer for layer in network.layers if type(layer).__name__ == "Conv2D"]
    assert [layer.filters for layer in convolutions] == [32, 64, 64, 128, 128]
    assert convolutions[0].input.shape[-1] == 3
    flat = next(layer for layer in network.layers if type(layer).__name__ == "Flatten")
    assert flat.output.shape[-1] == 128
