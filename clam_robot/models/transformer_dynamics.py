"""Dynamics of states as transformers (the paper's Transformer-CLAM, with masks that are causal indeed).

A window is a sequence: its present state, and one token per step.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from clam_robot.models.dynamics import ForwardDynamics, InverseDynamics
from clam_robot.models.inputs import Inputs
from clam_robot.models.networks import transformer
from clam_robot.models.window_layout import Sees, WindowLayout


class TransformerInverse(InverseDynamics):
    """Looks at the whole window both ways and infers a latent for each of the next N steps.

    Args:
        layout: of the windows.
        sees: "motion" leaves out the present state, see `LatentActionConfig.inverse_sees`.
        num_inferred: E.
        hidden: width of a token.
        num_layers: transformer layers.
        num_heads: attention heads.
        dropout: in training.
        num_steps: N.
    """

    def __init__(
        self,
        layout: WindowLayout,
        *,
        sees: Sees,
        num_inferred: int,
        hidden: int,
        num_layers: int,
        num_heads: int,
        dropout: float,
        num_steps: int,
    ) -> None:
        super().__init__()
        self._layout = layout
        self._num_steps = num_steps
        self._sees: Sees = sees
        self.present = nn.Linear(layout.num_present, hidden) if sees == "window" else None
        self.step = nn.Linear(layout.num_step(sees), hidden)
        self.position = nn.Parameter(0.02 * torch.randn(layout.num_frames, hidden))
        self.network = transformer(hidden, num_layers=num_layers, num_heads=num_heads, dropout=dropout)
        self.head = nn.Linear(hidden, num_inferred)

    def forward(self, window: Inputs) -> Float[Tensor, "B N E"]:
        """At the tokens of the next N steps."""
        tokens = self.step(self._layout.steps(window.features, self._sees)) + self.position[1:]
        if self.present is not None:
            present = self.present(self._layout.present(window.features)) + self.position[0]
            tokens = torch.cat([present.unsqueeze(1), tokens], dim=1)
        inferred = self.network(tokens)[:, 1 - self._layout.num_frames :]  # of the steps
        past = self._layout.past
        return self.head(inferred[:, past : past + self._num_steps])


class TransformerForward(ForwardDynamics):
    """Reads past steps, the present, then step by step a latent and what the step before it changed.

    Under the causal mask step k is predicted from everything before it and its own latent.

    Args:
        layout: of the windows.
        latent_dim: Z.
        hidden: width of a token.
        num_layers: transformer layers.
        num_heads: attention heads.
        num_steps: N.
    """

    def __init__(
        self,
        layout: WindowLayout,
        *,
        latent_dim: int,
        hidden: int,
        num_layers: int,
        num_heads: int,
        num_steps: int,
    ) -> None:
        super().__init__()
        self._layout = layout
        self._num_steps = num_steps
        num_tokens = layout.past + 1 + num_steps
        self.present = nn.Linear(layout.num_present, hidden)
        self.change = nn.Linear(layout.num_change, hidden)
        self.latent = nn.Linear(latent_dim, hidden)
        self.position = nn.Parameter(0.02 * torch.randn(num_tokens, hidden))
        self.network = transformer(hidden, num_layers=num_layers, num_heads=num_heads)
        self.head = nn.Linear(hidden, layout.num_change)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(num_tokens), persistent=False)

    mask: Tensor

    def predict(self, window: Inputs, latents: Float[Tensor, "B N Z"]) -> Float[Tensor, "B N D"]:
        """The changes of the next N steps, each given the true ones before it."""
        past, changes = self._layout.past, self._layout.changes(window.features)
        present = self.present(self._layout.present(window.features)).unsqueeze(1)
        before = self.change(changes[:, past : past + self._num_steps - 1])
        steps = self.latent(latents) + torch.cat([torch.zeros_like(present), before], dim=1)
        tokens = torch.cat([self.change(changes[:, :past]), present, steps], dim=1) + self.position
        return self.head(self.network(tokens, mask=self.mask, is_causal=True)[:, past + 1 :])

    def error(self, window: Inputs, latents: Float[Tensor, "B N Z"]) -> dict[str, Float[Tensor, ""]]:
        """Of the predicted changes."""
        truth = self._layout.next_changes(window.features, self._num_steps)
        return {"reconstruction": mse_loss(self.predict(window, latents), truth)}

    def copy_error(self, window: Inputs) -> dict[str, Float[Tensor, ""]]:
        """Of predicting no change."""
        return {"reconstruction": self._layout.next_changes(window.features, self._num_steps).square().mean()}
