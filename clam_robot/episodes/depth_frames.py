"""The depth of one camera's frames, read when it is asked for."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from clam_robot.episodes import depth_file, frame_file, schema
from clam_robot.episodes.frames import Frames


class DepthFrames(Frames):
    """Depth (N, H, W) uint16 of one camera in one episode, 0 where unknown; the pixels are those of its `Frames`.

    Attributes:
        unit: of the values [m].
    """

    num_axes = depth_file.NUM_AXES
    dtype = np.dtype(np.uint16)

    def __init__(self, episode: Path, camera: str, shape: tuple[int, int, int], unit: float) -> None:
        super().__init__(episode, camera, shape)
        self.unit = unit

    @staticmethod
    def name_of(camera: str) -> str:
        """Path of the array."""
        return schema.depth_array(camera)

    def describe(self) -> dict[str, Any]:
        """What the array's description has to be."""
        return depth_file.describe(self.shape)

    def decode(self, path: Path, rows: Sequence[int], out: Sequence[np.ndarray]) -> None:
        """Decode depth of a shard, see `frame_file.read_frames`."""
        frame_file.read_frames(path, rows, out, depth_file.decode_depth)
