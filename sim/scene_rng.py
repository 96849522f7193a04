"""Randomness that belongs to a scene."""

import zlib

import numpy as np

from clam_robot.types import Observation


def scene_rng(seed: int, first: Observation) -> np.random.Generator:
    """Drawn from the seed and an episode's first state.

    It differs from scene to scene and is the same whenever the scene comes back, in whatever order episodes are
    recorded.
    """
    return np.random.default_rng([seed, zlib.crc32(first.state.tobytes())])
