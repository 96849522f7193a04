"""Dynamics of frames as space-time transformers (the paper's ST-ViViT-CLAM, smaller).

Frames are cut into patches; layers attend in turn within a frame and along time. A token beside each frame's patches
carries the state and, in inverse dynamics, what is inferred.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle, pixel_unshuffle

from clam_robot.models.dynamics import InverseDynamics
from clam_robot.models.frame_dynamics import FrameForward
from clam_robot.models.inputs import Inputs
from clam_robot.models.networks import transformer_layer
from clam_robot.models.vision import VisionConfig, seen_frames
from clam_robot.models.window_layout import Sees, WindowLayout


class SpaceTimeInverse(InverseDynamics):
    """One step from all frames and states of the window, or from how they change alone.

    Args:
        layout: of the states' windows.
        vision: of the frames.
        sees: "motion" leaves out what is the same in all frames, and the present state, see
            `LatentActionConfig.inverse_sees`.
        num_inferred: E.
        hidden: width of a token.
        num_layers: pairs of layers.
        num_heads: attention heads.
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
        num_heads: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self._layout = layout
        self._sees: Sees = sees
        self._patch = vision.patch
        self.patches = nn.Linear(3 * vision.patch**2, hidden)
        self.state = nn.Linear(layout.num_seen(sees), hidden)
        self.network = SpaceTimeEncoder(
            hidden,
            num_layers=num_layers,
            num_heads=num_heads,
            dropout=dropout,
            num_frames=layout.num_frames - (sees == "motion"),
            num_tokens=(vision.size // vision.patch) ** 2 + 1,
        )
        self.head = nn.Linear(hidden, num_inferred)

    def forward(self, window: Inputs) -> Float[Tensor, "B 1 E"]:
        """From what it sees of the window."""
        assert window.frames is not None
        patches = self.patches(cut(seen_frames(window.frames, self._sees), self._patch))
        state = self.state(self._layout.seen(window.features, self._sees))[:, None, None].expand(
            -1, patches.shape[1], 1, -1
        )
        tokens = self.network(torch.cat([state, patches], dim=2))
        return self.head(tokens[:, self._layout.past, 0]).unsqueeze(1)


class SpaceTimeForward(FrameForward):
    """The next frame by patches that attend to one another and to the past.

    Args:
        layout: of the states' windows.
        vision: of the frames.
        latent_dim: Z.
        hidden: width of a token.
        num_layers: pairs of layers.
        num_heads: attention heads.
    """

    def __init__(
        self,
        layout: WindowLayout,
        vision: VisionConfig,
        *,
        latent_dim: int,
        hidden: int,
        num_layers: int,
        num_heads: int,
    ) -> None:
        super().__init__(layout, latent_dim=latent_dim, hidden=hidden, num_layers=num_layers)
        self._patch = vision.patch
        num_pixels = 3 * vision.patch**2
        self.patches = nn.Linear(num_pixels, hidden)
        self.known = nn.Linear(layout.num_present + latent_dim, hidden)
        self.network = SpaceTimeEncoder(
            hidden,
            num_layers=num_layers,
            num_heads=num_heads,
            dropout=0.0,
            num_frames=layout.past + 1,
            num_tokens=(vision.size // vision.patch) ** 2 + 1,
        )
        self.head = nn.Linear(hidden, num_pixels)

    def predict_change(
        self, frames: Float[Tensor, "B T 3 h w"], known: Float[Tensor, "B K"]
    ) -> Float[Tensor, "B 3 h w"]:
        """What is known as one more token of every frame."""
        token = self.known(known)[:, None, None].expand(-1, frames.shape[1], 1, -1)
        tokens = self.network(torch.cat([token, self.patches(cut(frames, self._patch))], dim=2))
        return join(self.head(tokens[:, -1, 1:]), self._patch, size=frames.shape[-1])


class SpaceTimeEncoder(nn.Module):
    """Transformer layers in turn over the tokens of a frame and over a token's place in all frames.

    Args:
        hidden: width of a token.
        num_layers: pairs of layers.
        num_heads: attention heads.
        dropout: in training.
        num_frames: T.
        num_tokens: N, tokens of a frame.
    """

    def __init__(
        self, hidden: int, *, num_layers: int, num_heads: int, dropout: float, num_frames: int, num_tokens: int
    ) -> None:
        super().__init__()
        self.place = nn.Parameter(0.02 * torch.randn(1, 1, num_tokens, hidden))
        self.moment = nn.Parameter(0.02 * torch.randn(1, num_frames, 1, hidden))
        self.space, self.time = (
            nn.ModuleList(transformer_layer(hidden, num_heads=num_heads, dropout=dropout) for _ in range(num_layers))
            for _ in range(2)
        )
        self.norm = nn.LayerNorm(hidden)

    def forward(self, tokens: Float[Tensor, "B T N d"]) -> Float[Tensor, "B T N d"]:
        """Tokens that know of the others."""
        x = tokens + self.place + self.moment
        num_windows, num_frames = x.shape[:2]
        for space, time in zip(self.space, self.time, strict=True):
            x = space(x.flatten(0, 1)).unflatten(0, (num_windows, num_frames))
            x = time(x.transpose(1, 2).flatten(0, 1)).unflatten(0, (num_windows, -1)).transpose(1, 2)
        return self.norm(x)


def cut(frames: Float[Tensor, "B T 3 h w"], patch: int) -> Float[Tensor, "B T patches pixels"]:
    """Frames as rows of square patches."""
    return pixel_unshuffle(frames, patch).flatten(-2).transpose(-1, -2)


def join(patches: Float[Tensor, "B patches pixels"], patch: int, *, size: int) -> Float[Tensor, "B 3 h w"]:
    """A square frame of `size` pixels from rows of patches, as `cut` makes them."""
    return pixel_shuffle(patches.transpose(-1, -2).unflatten(-1, (size // patch, -1)), patch)
