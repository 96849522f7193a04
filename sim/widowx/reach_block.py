"""Reach Block: go to a block and pick it up."""

from typing import Any

import mujoco
import numpy as np
from jaxtyping import Float64

from sim.widowx.free_block import BLOCK, BLOCK_SIZE, FreeBlock
from sim.world import Judgement

# MuJoCo's compiled half has no type information.
_MJ: Any = mujoco

REACHED = 0.03  # tool to block [m]
PICKED = 0.03  # above where it lay [m]
_RAISED = 0.08  # the goal above the block [m]


class ReachBlock(FreeBlock):
    """A block before the arm. Half the credit for the hand at the block, all of it while the block is off the table."""

    name = "reach-block"

    def points(self, model: Any, data: Any) -> dict[str, Float64[np.ndarray, "3"]]:  # noqa: ANN401
        """Where the block is, and a place above the table's middle it may be carried to [m]."""
        return {"object": data.body(BLOCK).xpos.copy(), "goal": np.array([0.25, 0.0, BLOCK_SIZE / 2 + _RAISED])}

    def judge(self, model: Any, data: Any) -> Judgement:  # noqa: ANN401
        """Reward is the credit at this moment."""
        block = data.body(BLOCK).xpos
        if block[2] - BLOCK_SIZE / 2 > PICKED:
            return Judgement(reward=1.0, success=True)
        is_reached = float(np.linalg.norm(block - data.site("tool").xpos)) < REACHED
        return Judgement(reward=0.5 * is_reached, success=False)
