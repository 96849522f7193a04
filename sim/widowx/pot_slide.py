"""Put in Pot and Slide: a block into a pot, then the pot to its place."""

from typing import Any

import mujoco
import numpy as np
from jaxtyping import Float64

from sim.widowx.free_block import BLOCK, BLOCK_SIZE, FreeBlock
from sim.world import Judgement

# MuJoCo's compiled half has no type information.
_MJ: Any = mujoco

POT, GOAL = "pot", "pot_goal"
_HALF, _HEIGHT, _WALL = 0.045, 0.022, 0.003  # half edge, half height, half thickness [m]
SLID = 0.04  # pot to its place, in the plane [m]
_POT_AT, _GOAL_AT, _BLOCK_AT = (0.26, 0.12), (0.26, -0.06), (0.20, -0.14)  # [m]
_SPREAD = 0.02  # [m]


class PotSlide(FreeBlock):
    """A block, a pot and a mark. Half the credit for the block in the pot, all for both on the mark."""

    name = "pot-slide"

    def __init__(self) -> None:
        self._goal = np.array([*_GOAL_AT, _HEIGHT])

    def add_to(self, spec: Any) -> None:  # noqa: ANN401
        """Add block, pot and mark."""
        super().add_to(spec)
        box = _MJ.mjtGeom.mjGEOM_BOX
        pot = spec.worldbody.add_body(name=POT, pos=[*_POT_AT, _HEIGHT])
        pot.add_freejoint(name=POT)
        steel, across = [0.55, 0.60, 0.66, 1.0], _HALF - _WALL
        for pos, size in (
            ([0, 0, -_HEIGHT + _WALL], [_HALF, _HALF, _WALL]),
            ([across, 0, 0], [_WALL, _HALF, _HEIGHT]),
            ([-across, 0, 0], [_WALL, _HALF, _HEIGHT]),
            ([0, across, 0], [_HALF, _WALL, _HEIGHT]),
            ([0, -across, 0], [_HALF, _WALL, _HEIGHT]),
        ):
            pot.add_geom(type=box, pos=pos, size=size, rgba=steel, mass=0.03, friction=[0.35, 0.01, 0.001])
        spec.worldbody.add_site(
            name=GOAL, type=_MJ.mjtGeom.mjGEOM_CYLINDER, pos=[*_GOAL_AT, 0.0005], size=[0.05, 0.0005, 0.0],
            rgba=[0.15, 0.55, 0.25, 0.7],
        )  # fmt: skip

    def reset(self, model: Any, data: Any, random: np.random.Generator) -> None:  # noqa: ANN401
        """Lay out block, pot and mark, each a little elsewhere."""
        block, pot, goal = (
            np.array(at) + random.uniform(-_SPREAD, _SPREAD, 2) for at in (_BLOCK_AT, _POT_AT, _GOAL_AT)
        )
        data.joint(BLOCK).qpos[:] = (*block, BLOCK_SIZE / 2, 1.0, 0.0, 0.0, 0.0)
        data.joint(POT).qpos[:] = (*pot, _HEIGHT, 1.0, 0.0, 0.0, 0.0)
        model.site(GOAL).pos[:2] = goal
        self._goal = np.array([*goal, _HEIGHT])

    def points(self, model: Any, data: Any) -> dict[str, Float64[np.ndarray, "3"]]:  # noqa: ANN401
        """Block, pot and the pot's place [m]."""
        return {
            "object": data.body(BLOCK).xpos.copy(),
            "pot": data.body(POT).xpos.copy(),
            "goal": self._goal.copy(),
        }

    def judge(self, model: Any, data: Any) -> Judgement:  # noqa: ANN401
        """Reward is the credit at this moment."""
        block, pot = data.body(BLOCK).xpos, data.body(POT).xpos
        is_in = bool(np.abs(block[:2] - pot[:2]).max() < _HALF and block[2] < pot[2] + _HEIGHT)
        is_there = float(np.linalg.norm(pot[:2] - self._goal[:2])) < SLID
        return Judgement(reward=0.5 * is_in + 0.5 * (is_in and is_there), success=is_in and is_there)
