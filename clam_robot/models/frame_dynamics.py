"""Forward dynamics of frames and states together: what their kinds of network share."""

from abc import abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor

from clam_robot.models.dynamics import ForwardDynamics
from clam_robot.models.frame_error import change_error
from clam_robot.models.inputs import Inputs
from clam_robot.models.mlp_dynamics import MlpForward
from clam_robot.models.vision import as_floats
from clam_robot.models.window_layout import WindowLayout


class FrameForward(ForwardDynamics):
    """The next frame from the frames up to the present, and the state's next change.

    Args:
        layout: of the states' windows.
        latent_dim: Z.
        hidden: width of fully connected layers.
        num_layers: of these.
    """

    def __init__(self, layout: WindowLayout, *, latent_dim: int, hidden: int, num_layers: int) -> None:
        super().__init__()
        self._layout = layout
        self.state = MlpForward(layout, latent_dim=latent_dim, hidden=hidden, num_layers=num_layers, num_steps=1)

    @abstractmethod
    def predict_change(
        self, frames: Float[Tensor, "B T 3 h w"], known: Float[Tensor, "B K"]
    ) -> Float[Tensor, "B 3 h w"]:
        """How the last frame changes next, from the present state and the latent that follows it (`known`)."""

    def predicted(self, frames: Float[Tensor, "B T 3 h w"]) -> Float[Tensor, "B T 3 h2 w2"]:
        """What of the frames is predicted, and predicted from; all of them unless a network says otherwise."""
        return frames

    def error(self, window: Inputs, latents: Float[Tensor, "B 1 Z"]) -> dict[str, Float[Tensor, ""]]:
        """Of the next frame, as a share of copying the present one; and of the state's change."""
        assert window.frames is not None
        past = self._layout.past
        known = torch.cat([self._layout.present(window.features), latents[:, 0]], dim=-1)
        frames = self.predicted(as_floats(window.frames[:, : past + 2]))
        predicted = self.predict_change(frames[:, : past + 1], known)
        frame = change_error(predicted, frames[:, past + 1] - frames[:, past])
        return {"frame": frame, **self.state.error(window, latents)}

    def copy_error(self, window: Inputs) -> dict[str, Float[Tensor, ""]]:
        """Of the present frame and state as predictions."""
        return {"frame": torch.ones(()), **self.state.copy_error(window)}
