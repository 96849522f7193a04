"""Inverse and forward dynamics on windows of observations: what latent actions are made of."""

from abc import ABC, abstractmethod

from jaxtyping import Float
from torch import Tensor, nn

from clam_robot.models.inputs import Inputs


class InverseDynamics(nn.Module, ABC):
    """Infers what happened between observations."""

    @abstractmethod
    def forward(self, window: Inputs) -> Float[Tensor, "B N E"]:
        """Numbers for each of the next N steps, the present one first."""


class ForwardDynamics(nn.Module, ABC):
    """Predicts what latent actions bring.

    The prediction of a step sees the present, the past and the latents up to that step, nothing later.
    """

    @abstractmethod
    def error(self, window: Inputs, latents: Float[Tensor, "B N Z"]) -> dict[str, Float[Tensor, ""]]:
        """Mean squared errors of what is predicted, by name."""

    @abstractmethod
    def copy_error(self, window: Inputs) -> dict[str, Float[Tensor, ""]]:
        """What these errors would be if nothing ever changed."""
