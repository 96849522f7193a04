"""Frames of a camera for networks: scaling, augmentation, and the encoders of image policies."""

from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn.functional import interpolate

from clam_robot import config
from clam_robot.errors import CheckpointError, ConfigError
from clam_robot.models.inputs import Inputs
from clam_robot.models.window_layout import Sees


@dataclass(frozen=True, kw_only=True)
class VisionConfig(config.Strict):
    """What is seen through a camera.

    Attributes:
        camera: which; None for states alone.
        size: height and width that frames are scaled to [pixel].
        shift: training moves all frames of a window by the same random distance of up to this many pixels.
        width: channels of the first convolution.
        shrink: convolutional forward dynamics predicts frames this many times smaller, which costs less.
        patch: side of a space-time transformer's patches [pixel].
        encoder: a pretrained one for policies, as a program that `torch.export.save` wrote: frames (N, 3, size, size)
            in [-0.5, 0.5] to (N, ...), for any N; a small convolutional network is trained from scratch without.
        is_frozen: leave the pretrained encoder's weights as they are.
    """

    camera: str | None = None
    size: int = 64
    shift: int = 4
    width: int = 32
    shrink: int = 1
    patch: int = 16
    encoder: Path | None = None
    is_frozen: bool = True

    def __post_init__(self) -> None:
        for name, least in (("size", 16), ("shift", 0), ("width", 1), ("shrink", 1), ("patch", 1)):
            if getattr(self, name) < least:
                raise ConfigError(f"{name} must be at least {least}, found {getattr(self, name)}")
        if self.size % 16 or self.size % self.patch:
            raise ConfigError(f"size: expected a multiple of 16 and of patch {self.patch}, found {self.size}")
        if self.size % (8 * self.shrink):
            raise ConfigError(f"shrink: expected size {self.size} to be a multiple of 8 of it, found {self.shrink}")


def as_floats(frames: UInt8[Tensor, "*batch h w"]) -> Float[Tensor, "*batch h w"]:
    """Bytes to [-0.5, 0.5]."""
    return frames.float().div_(255).sub_(0.5)


def seen_frames(frames: UInt8[Tensor, "B W 3 h w"], sees: Sees) -> Float[Tensor, "B T 3 h w"]:
    """What inverse dynamics sees of a window's frames: all W, or the W - 1 changes from one to the next."""
    floats = as_floats(frames)
    return floats if sees == "window" else floats.diff(dim=1)


def resize(frames: UInt8[Tensor, "N 3 h w"], size: int) -> UInt8[Tensor, "N 3 size size"]:
    """Frames of another resolution, averaged over the area of a pixel."""
    if frames.shape[-2:] == (size, size):
        return frames
    return interpolate(frames.float(), size=(size, size), mode="area").round().to(torch.uint8)


def shift_windows(frames: UInt8[Tensor, "B T 3 h w"], distance: int) -> UInt8[Tensor, "B T 3 h w"]:
    """Move every window by a random distance of its own, its frames all alike; edges are repeated."""
    if distance == 0:
        return frames
    num, _, _, height, width = frames.shape
    down, right = torch.randint(-distance, distance + 1, (2, num, 1), device=frames.device)
    rows = (down + torch.arange(height, device=frames.device)).clamp_(0, height - 1)
    columns = (right + torch.arange(width, device=frames.device)).clamp_(0, width - 1)
    pixels = (rows[:, :, None] * width + columns[:, None, :]).flatten(1)
    flat = frames.flatten(1, 2).flatten(2)
    return flat.gather(2, pixels[:, None].expand_as(flat)).view_as(frames)


class CameraEye(nn.Module):
    """A policy's view: its frames through an encoder, beside the state's features.

    Args:
        num_features: F, of the state.
        num_frames: T.
        num_outputs: V, what it gives.
        config: of the camera.
    """

    def __init__(self, *, num_features: int, num_frames: int, num_outputs: int, config: VisionConfig) -> None:
        super().__init__()
        self._shift = config.shift
        if config.encoder is None:
            self.encoder: nn.Module = convolutions(3 * num_frames, config)
            num_encoded = 4 * config.width * (config.size // 16) ** 2
        else:
            self.encoder = PretrainedEncoder(config.encoder, is_frozen=config.is_frozen)
            num_encoded = num_frames * self.encoder.num_outputs(config.size)
        self.join = nn.Sequential(nn.Linear(num_encoded + num_features, num_outputs), nn.GELU())

    def forward(self, seen: Inputs, *, is_shifted: bool = False) -> Float[Tensor, "B V"]:
        """What is in the frames and the features; in training frames are shifted, unless they are already."""
        assert seen.frames is not None
        frames = as_floats(shift_windows(seen.frames, self._shift if self.training and not is_shifted else 0))
        return self.join(torch.cat([self.encoder(frames.flatten(1, 2)).flatten(1), seen.features], dim=-1))


class PretrainedEncoder(nn.Module):
    """An exported program applied to every frame by itself.

    Args:
        path: of the program.
        is_frozen: leave its weights as they are.

    Raises:
        CheckpointError: no such program.
    """

    def __init__(self, path: Path, *, is_frozen: bool) -> None:
        super().__init__()
        self._path = path
        if not path.is_file():  # before torch, which logs a traceback of its own
            raise CheckpointError(f"{path}: expected an encoder by torch.export.save, found no such file")
        try:
            self.program = torch.export.load(path).module()
        except Exception as error:
            raise CheckpointError(
                f"{path}: expected an encoder by torch.export.save, found {_last_line(error)}"
            ) from error
        if is_frozen:
            self.program.requires_grad_(False)

    @torch.no_grad()
    def num_outputs(self, size: int) -> int:
        """Numbers it gives for one frame.

        Raises:
            CheckpointError: it is for frames of another size, or for a fixed number of them.
        """
        try:
            return self.program(torch.zeros(2, 3, size, size)).flatten(1).shape[1]
        except Exception as error:
            raise CheckpointError(
                f"{self._path}: expected an encoder of frames (N, 3, {size}, {size}) for any N, "
                f"found {_last_line(error)}"
            ) from error

    def forward(self, frames: Float[Tensor, "B C h w"]) -> Float[Tensor, "B V"]:
        """What is in each frame, one behind the other."""
        each = frames.unflatten(1, (-1, 3))
        return self.program(each.flatten(0, 1)).flatten(1).view(frames.shape[0], -1)

    def train(self, mode: bool = True) -> "PretrainedEncoder":
        """Nothing to switch: an exported program has no modes."""
        self.training = mode
        return self


def _last_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]


def convolutions(num_channels: int, config: VisionConfig) -> nn.Sequential:
    """Four strided convolutions: (B, C, s, s) to (B, 4 width, s / 16, s / 16)."""
    layers: list[nn.Module] = []
    channels = num_channels
    for factor in (1, 2, 4, 4):
        layers += [nn.Conv2d(channels, factor * config.width, 3, stride=2, padding=1), nn.GELU()]
        channels = factor * config.width
    return nn.Sequential(*layers)
