"""What a policy sees of a robot."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from clam_robot.specs import RobotSpec
from clam_robot.types import Observation


@dataclass(frozen=True, kw_only=True)
class View:
    """Which observations, and what of them.

    Attributes:
        spec: the robot.
        history: observations before the present one.
        camera: whose frames are seen; None for states alone.
    """

    spec: RobotSpec
    history: int = 0
    camera: str | None = None

    @property
    def num_steps(self) -> int:
        """T, observations seen at once."""
        return self.history + 1

    def stack(
        self, windows: Sequence[Sequence[Observation]]
    ) -> tuple[Float[Tensor, "B T S"], UInt8[Tensor, "B T height width 3"] | None]:
        """States and frames of B windows of T observations each, the present one last."""
        states = torch.from_numpy(np.stack([[each.state for each in window] for window in windows]))
        if self.camera is None:
            return states, None
        frames = np.stack([[each.images[self.camera] for each in window] for window in windows])
        return states, torch.from_numpy(frames)

    def random(
        self, mean: Float[Tensor, "S"], std: Float[Tensor, "S"], num: int, *, seed: int = 0
    ) -> tuple[Float[Tensor, "B T S"], UInt8[Tensor, "B T height width 3"] | None]:
        """As `stack`, of `num` windows that nobody saw: states of this mean and deviation, frames of noise."""
        generator = torch.Generator().manual_seed(seed)
        states = mean + std * torch.randn(num, self.num_steps, len(self.spec.state), generator=generator)
        if self.camera is None:
            return states, None
        shape = (num, self.num_steps, *self.spec.cameras[self.camera].shape)
        return states, torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
