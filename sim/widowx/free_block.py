"""The simplest task: one block to pick up."""

import math
from typing import Any

import mujoco
import numpy as np
from jaxtyping import Float64

from sim.world import Judgement

# MuJoCo's compiled half has no type information.
_MJ: Any = mujoco

BLOCK = "block"
BLOCK_SIZE = 0.024  # edge [m]
_LIFTED = 0.05  # [m]
_RADIUS, _SPREAD = (0.20, 0.30), 0.6  # where it lies around the base [m], [rad]


class FreeBlock:
    """A red block somewhere before the arm; it counts as solved while it is held 5 cm above where it lay."""

    name = "block"

    def add_to(self, spec: Any) -> None:  # noqa: ANN401
        """Add the block."""
        body = spec.worldbody.add_body(name=BLOCK, pos=[0.25, 0.0, BLOCK_SIZE / 2])
        body.add_freejoint(name=BLOCK)
        body.add_geom(
            name=BLOCK,
            type=_MJ.mjtGeom.mjGEOM_BOX,
            size=[BLOCK_SIZE / 2] * 3,
            mass=0.03,
            rgba=[0.80, 0.14, 0.10, 1.0],
            friction=[0.9, 0.01, 0.001],
            condim=4,
        )

    def reset(self, model: Any, data: Any, random: np.random.Generator) -> None:  # noqa: ANN401
        """Lay it somewhere within reach, turned by any angle."""
        radius, bearing = random.uniform(*_RADIUS), random.uniform(-_SPREAD, _SPREAD)
        turn = random.uniform(-math.pi, math.pi)
        where = (radius * math.cos(bearing), radius * math.sin(bearing), BLOCK_SIZE / 2)
        data.joint(BLOCK).qpos[:] = (*where, math.cos(turn / 2), 0.0, 0.0, math.sin(turn / 2))

    def points(self, model: Any, data: Any) -> dict[str, Float64[np.ndarray, "3"]]:  # noqa: ANN401
        """Where the block is [m]."""
        return {"object": data.body(BLOCK).xpos.copy()}

    def judge(self, model: Any, data: Any) -> Judgement:  # noqa: ANN401
        """Reward is its height above the table [m]."""
        height = float(data.body(BLOCK).xpos[2]) - BLOCK_SIZE / 2
        return Judgement(reward=height, success=height > _LIFTED)
