"""The building block of the state models."""

from torch import nn

from clam_robot.models.dropout import Dropout


def mlp(num_inputs: int, num_outputs: int, *, hidden: int, num_layers: int, dropout: float = 0.0) -> nn.Sequential:
    """A multi-layer perceptron with GELU, and dropout behind each hidden layer.

    Args:
        num_inputs: size of the last input axis.
        num_outputs: size of the last output axis.
        hidden: width of the hidden layers.
        num_layers: number of hidden layers.
        dropout: share of hidden units dropped in training.
    """
    layers: list[nn.Module] = []
    for width in [num_inputs, *[hidden] * (num_layers - 1)]:
        layers += [nn.Linear(width, hidden), nn.GELU(), Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(hidden, num_outputs))
