"""How films are encoded."""

from dataclasses import dataclass
from typing import Literal

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.specs import CameraSpec

_AV1_LEAST = 64


@dataclass(frozen=True, kw_only=True)
class FilmCodec(config.Strict):
    """How films are encoded.

    Attributes:
        name: h264 is read everywhere; av1 is smaller and slower.
        crf: constant rate factor, smaller is better; 18 (h264) and 30 (av1) by default.
        key_frame_every: frames between two that stand for themselves; small, so that any frame is found fast.
    """

    name: Literal["h264", "av1"] = "h264"
    crf: int | None = None
    key_frame_every: int = 2

    def options(self) -> dict[str, str]:
        """For the encoder."""
        if self.name == "av1":
            return {"crf": str(30 if self.crf is None else self.crf), "preset": "12", "g": str(self.key_frame_every)}
        crf = 18 if self.crf is None else self.crf
        return {"crf": str(crf), "preset": "veryfast", "g": str(self.key_frame_every), "bf": "0"}

    def pixel_format(self, size: CameraSpec) -> str:
        """How colours are stored; pictures with an odd side need every pixel's own.

        Raises:
            ConfigError: this codec cannot hold pictures of this size.
        """
        is_even = size.height % 2 == size.width % 2 == 0
        if self.name == "av1" and not (is_even and min(size.height, size.width) >= _AV1_LEAST):
            raise ConfigError(
                f"av1: expected even sides of at least {_AV1_LEAST} pixels, found {size.height} x {size.width}; "
                "use --codec.name h264"
            )
        return "yuv420p" if is_even else "yuv444p"
