"""Dynamics of states as multi-layer perceptrons (the paper's MLP-CLAM)."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import mse_loss

from clam_robot.models.dynamics import ForwardDynamics, InverseDynamics
from clam_robot.models.inputs import Inputs
from clam_robot.models.networks import mlp
from clam_robot.models.window_layout import Sees, WindowLayout


class MlpInverse(InverseDynamics):
    """One step from the whole window, or from its motion alone.

    Args:
        layout: of the windows.
        sees: "motion" leaves out the present state, see `LatentActionConfig.inverse_sees`.
        num_inferred: E.
        hidden: width.
        num_layers: hidden layers.
        dropout: in training.
    """

    def __init__(
        self,
        layout: WindowLayout,
        *,
        sees: Sees,
        num_inferred: int,
        hidden: int,
        num_layers: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self._layout = layout
        self._sees: Sees = sees
        self.network = mlp(layout.num_seen(sees), num_inferred, hidden=hidden, num_layers=num_layers, dropout=dropout)

    def forward(self, window: Inputs) -> Float[Tensor, "B 1 E"]:
        """From what it sees of the window."""
        return self.network(self._layout.seen(window.features, self._sees)).unsqueeze(1)


class MlpForward(ForwardDynamics):
    """The next `num_steps` changes from the present and one latent.

    Args:
        layout: of the windows.
        latent_dim: Z.
        hidden: width.
        num_layers: hidden layers.
        num_steps: steps ahead.
    """

    def __init__(self, layout: WindowLayout, *, latent_dim: int, hidden: int, num_layers: int, num_steps: int) -> None:
        super().__init__()
        self._layout = layout
        self._num_steps = num_steps
        self.network = mlp(
            layout.num_present + latent_dim, num_steps * layout.num_change, hidden=hidden, num_layers=num_layers
        )

    def predict(self, window: Inputs, latents: Float[Tensor, "B 1 Z"]) -> Float[Tensor, "B steps D"]:
        """The changes of the next steps."""
        seen = torch.cat([self._layout.present(window.features), latents[:, 0]], dim=-1)
        return self.network(seen).unflatten(-1, (self._num_steps, self._layout.num_change))

    def error(self, window: Inputs, latents: Float[Tensor, "B 1 Z"]) -> dict[str, Float[Tensor, ""]]:
        """Of the predicted changes."""
        truth = self._layout.next_changes(window.features, self._num_steps)
        return {"reconstruction": mse_loss(self.predict(window, latents), truth)}

    def copy_error(self, window: Inputs) -> dict[str, Float[Tensor, ""]]:
        """Of predicting no change."""
        return {"reconstruction": self._layout.next_changes(window.features, self._num_steps).square().mean()}
