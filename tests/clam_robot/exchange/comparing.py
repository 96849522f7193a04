"""What must be the same after there and back."""

from pathlib import Path

import numpy as np

from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.episodes.reader import Episode
from tests.clam_robot.exchange.made import psnr

COLUMNS = ("time", "state", "action", "action_requested", "action_labeled", "row_success", "episode_return")
ATTRIBUTES = (
    "task",
    "source",
    "seed",
    "is_labeled",
    "success",
    "end",
    "calibration",
    "time_corrections",
    "length",
    "num_labeled",
)


def require_same(first: Path, second: Path, *, decibel: float = 33.0) -> None:
    """Numbers exact, pictures at least so near."""
    before, after = EpisodeDataset(first), EpisodeDataset(second)
    assert len(before) == len(after)
    for one, other in zip(before, after, strict=True):
        require_same_episode(one, other, decibel=decibel)


def require_same_episode(one: Episode, other: Episode, *, decibel: float) -> None:
    assert one.spec == other.spec
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    for name in ATTRIBUTES:
        assert getattr(one.attributes, name) == getattr(other.attributes, name), name
    for camera, frames in one.images.items():
        np.testing.assert_array_equal(one.image_times[camera], other.image_times[camera])
        for row in range(len(one)):
            assert psnr(frames[row], other.images[camera][row]) > decibel, (camera, row)
