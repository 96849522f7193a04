"""The multi-layer perceptron has the layers it is asked for."""

import pytest
import torch
from torch import nn

from clam_robot.models.networks import mlp


@pytest.mark.parametrize("num_layers", [1, 2, 4])
def test_layers_are_counted_without_the_output(num_layers: int) -> None:
    network = mlp(3, 2, hidden=5, num_layers=num_layers)
    shapes = [tuple(layer.weight.shape) for layer in network if isinstance(layer, nn.Linear)]
    assert shapes == [(5, 3), *[(5, 5)] * (num_layers - 1), (2, 5)]
    assert network(torch.zeros(7, 3)).shape == (7, 2)


def test_dropout_acts_in_training_alone_and_does_not_move_the_weights() -> None:
    wet, dry = mlp(3, 2, hidden=50, num_layers=2, dropout=0.5), mlp(3, 2, hidden=50, num_layers=2)
    dry.load_state_dict(wet.state_dict())
    x = torch.randn(4, 3)
    assert not torch.equal(wet(x), wet(x))
    assert torch.equal(wet.eval()(x), dry(x))
