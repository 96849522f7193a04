"""Dynamics of frames as convolutional networks: a strided encoder backwards, a U-Net forwards."""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, gelu, interpolate

from clam_robot.models.dynamics import InverseDynamics
from clam_robot.models.frame_dynamics import FrameForward
from clam_robot.models.inputs import Inputs
from clam_robot.models.networks import mlp
from clam_robot.models.vision import VisionConfig, convolutions, seen_frames
from clam_robot.models.window_layout import Sees, WindowLayout


class CnnInverse(InverseDynamics):
    """One step from all frames and states of the window, or from how they change alone.

    Args:
        layout: of the states' windows.
        vision: of the frames.
        sees: "motion" leaves out what is the same in all frames, and the present state, see
            `LatentActionConfig.inverse_sees`.
        num_inferred: E.
        hidden: width of fully connected layers.
        num_layers: of these.
        dropout: in training.
    """

    def __init__(
        self,
        layout: WindowLayout,
        vision: VisionConfig,
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
        self.encoder = convolutions(3 * (layout.num_frames - (sees == "motion")), vision)
        num_encoded = 4 * vision.width * (vision.size // 16) ** 2
        self.network = mlp(
            num_encoded + layout.num_seen(sees), num_inferred, hidden=hidden, num_layers=num_layers, dropout=dropout
        )

    def forward(self, window: Inputs) -> Float[Tensor, "B 1 E"]:
        """From what it sees of the window."""
        assert window.frames is not None
        encoded = self.encoder(seen_frames(window.frames, self._sees).flatten(1, 2)).flatten(1)
        features = self._layout.seen(window.features, self._sees)
        return self.network(torch.cat([encoded, features], dim=-1)).unsqueeze(1)


class CnnForward(FrameForward):
    """The next frame by a U-Net.

    Args:
        layout: of the states' windows.
        vision: of the frames.
        latent_dim: Z.
        hidden: width of fully connected layers.
        num_layers: of these.
    """

    def __init__(
        self, layout: WindowLayout, vision: VisionConfig, *, latent_dim: int, hidden: int, num_layers: int
    ) -> None:
        super().__init__(layout, latent_dim=latent_dim, hidden=hidden, num_layers=num_layers)
        self.frame = UNet(3 * (layout.past + 1), layout.num_present + latent_dim, vision.width)
        self._shrink = vision.shrink

    def predicted(self, frames: Float[Tensor, "B T 3 h w"]) -> Float[Tensor, "B T 3 h2 w2"]:
        """Frames made smaller, a pixel the mean of those it stands for."""
        return avg_pool2d(frames.flatten(0, 1), self._shrink).unflatten(0, frames.shape[:2])

    def predict_change(
        self, frames: Float[Tensor, "B T 3 h w"], known: Float[Tensor, "B K"]
    ) -> Float[Tensor, "B 3 h w"]:
        """All frames as one stack of channels."""
        return self.frame(frames.flatten(1, 2), known)


class UNet(nn.Module):
    """Frames, and some numbers that say what happens, to the change of the last frame.

    On the way up channels are mixed before each doubling of the resolution, where it costs a quarter, and a layer on
    single pixels joins them with what was seen on the way down.

    Args:
        num_channels: of all frames together.
        num_known: numbers beside them.
        width: channels of the first level.
    """

    def __init__(self, num_channels: int, num_known: int, width: int) -> None:
        super().__init__()
        levels = (num_channels, width, 2 * width, 4 * width)
        self.down = nn.ModuleList(
            nn.Conv2d(before, after, 3, stride=2, padding=1) for before, after in pairwise(levels)
        )
        self.known = nn.Linear(num_known, levels[-1])
        self.middle = nn.Conv2d(levels[-1], levels[-1], 3, padding=1)
        ups = ((4 * width, 2 * width), (2 * width, width))
        self.mix = nn.ModuleList(nn.Conv2d(before, after, 3, padding=1) for before, after in ups)
        self.join = nn.ModuleList(nn.Conv2d(2 * after, after, 1) for _, after in ups)
        self.out = nn.Conv2d(width + num_channels, 3, 3, padding=1)

    def forward(self, frames: Float[Tensor, "B C h w"], known: Float[Tensor, "B K"]) -> Float[Tensor, "B 3 h w"]:
        """The change of the last frame."""
        levels = [frames.contiguous(memory_format=torch.channels_last)]
        for layer in self.down:
            levels.append(gelu(layer(levels[-1])))
        x = gelu(self.middle(levels.pop() + self.known(known)[:, :, None, None]))
        for mix, join in zip(self.mix, self.join, strict=True):
            x = gelu(join(torch.cat([_double(mix(x)), levels.pop()], dim=1)))
        return self.out(torch.cat([_double(x), levels.pop()], dim=1))


def _double(x: Float[Tensor, "B C h w"]) -> Float[Tensor, "B C H W"]:
    return interpolate(x, scale_factor=2.0, mode="nearest")
