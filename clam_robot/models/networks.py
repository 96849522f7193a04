"""The building blocks of the models."""

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
    widths = [num_inputs, *[hidden] * num_layers]
    for width in widths[:-1]:
        layers += [nn.Linear(width, hidden), nn.GELU(), Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(widths[-1], num_outputs))


def transformer(hidden: int, *, num_layers: int, num_heads: int, dropout: float = 0.0) -> nn.TransformerEncoder:
    """Transformer layers, normalised before each part and at the end, on (B, tokens, hidden)."""
    return nn.TransformerEncoder(
        transformer_layer(hidden, num_heads=num_heads, dropout=dropout),
        num_layers,
        norm=nn.LayerNorm(hidden),
        enable_nested_tensor=False,
    )


def transformer_layer(hidden: int, *, num_heads: int, dropout: float = 0.0) -> nn.TransformerEncoderLayer:
    """One layer with GELU and a feed-forward part four times as wide."""
    return nn.TransformerEncoderLayer(
        hidden, num_heads, 4 * hidden, dropout, activation="gelu", batch_first=True, norm_first=True
    )
