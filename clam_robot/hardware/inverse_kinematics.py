"""Differential inverse kinematics with joint, velocity and collision limits, by mink."""

from copy import copy
from dataclasses import dataclass
from typing import Any

import mink
import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import RigidTransform

from clam_robot import config
from clam_robot.hardware.arm_model import TOOL_SITE
from clam_robot.hardware.kinematics import tool_matrix
from clam_robot.hardware.workspace import NUM_ARM, Workspace


@dataclass(frozen=True, kw_only=True)
class IkConfig(config.Strict):
    """How a pose is turned into joint positions.

    Attributes:
        num_steps: integration steps per solution.
        position_cost: weight of a metre beside a radian.
        posture_cost: weight of staying near the present joint positions, which settles singular poses.
        limit_margin: joints keep this far from their limits [rad].
        tolerance: a solution this near is not improved further [m and rad].
    """

    num_steps: int = 12
    position_cost: float = 5.0
    posture_cost: float = 1e-2
    limit_margin: float = 0.05
    tolerance: float = 1e-4


@dataclass(frozen=True, kw_only=True)
class IkSolution:
    """Joint positions for a wanted tool pose.

    Attributes:
        position: of the joints [rad].
        distance: from the wanted origin [m].
        angle: from the wanted orientation [rad].
    """

    position: Float64[np.ndarray, "6"]
    distance: float
    angle: float

    @property
    def badness(self) -> float:
        """Both together [m]."""
        return self.distance + _METRES_PER_RADIAN * self.angle


class InverseKinematics:
    """Finds joint positions near the present ones that bring the tool to a pose, or as near as the limits allow.

    Args:
        workspace: the arm among what it must not touch.
        config: how.
    """

    def __init__(self, workspace: Workspace, config: IkConfig) -> None:
        self._config = config
        model = copy(workspace.model)
        model.jnt_range[:NUM_ARM] += np.array([1.0, -1.0]) * config.limit_margin
        self._configuration = mink.Configuration(model)
        self._rest = model.qpos0.copy()
        self._rest[NUM_ARM:] = model.jnt_range[NUM_ARM:].mean(axis=1)
        self._task = mink.FrameTask(
            TOOL_SITE, "site", position_cost=config.position_cost, orientation_cost=1.0, lm_damping=1e-6
        )
        self._posture = mink.PostureTask(model, cost=config.posture_cost)
        self._limits: list[Any] = [mink.ConfigurationLimit(model)]

    def solve(
        self, pose: RigidTransform, start: Float64[np.ndarray, "6"], max_change: float | None = None
    ) -> IkSolution:
        """Joint positions whose tool pose is nearest to `pose`.

        Args:
            pose: wanted (`T_base_tool`).
            start: joint positions to begin from [rad].
            max_change: furthest any joint may go from `start` [rad].
        """
        q = self._rest.copy()
        q[:NUM_ARM] = start
        self._configuration.update(q)
        self._task.set_target(mink.SE3.from_matrix(pose.as_matrix()))
        self._posture.set_target(q)
        for _ in range(self._config.num_steps):
            velocity = mink.solve_ik(
                self._configuration, [self._task, self._posture], 1.0, "daqp", damping=1e-6, limits=self._limits
            )
            q = self._configuration.integrate(velocity, 1.0)
            self._configuration.update(q)
            if np.abs(velocity[:NUM_ARM]).max() < self._config.tolerance:
                break
        change = q[:NUM_ARM] - start
        if max_change is not None:
            change *= min(1.0, max_change / max(float(np.abs(change).max()), 1e-9))
        matrix = pose.as_matrix()
        whole = _solution(matrix, start + change)
        if whole.badness < self._config.tolerance:
            return whole
        # Towards a pose out of reach a whole step may lead further away; standing still is always better than that.
        parts = [_solution(matrix, start + share * change) for share in (0.5, 0.25, 0.0)]
        return min([whole, *parts], key=lambda each: each.badness)


def _solution(wanted: Float64[np.ndarray, "4 4"], position: Float64[np.ndarray, "6"]) -> IkSolution:
    tool = tool_matrix(position)
    turn = tool[:3, :3] @ wanted[:3, :3].T
    sine = 0.5 * np.linalg.norm([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]])
    return IkSolution(
        position=position,
        distance=float(np.linalg.norm(tool[:3, 3] - wanted[:3, 3])),
        angle=float(np.arctan2(sine, 0.5 * (np.trace(turn) - 1.0))),
    )


# What a turn of the hand counts beside its displacement [m/rad].
_METRES_PER_RADIAN = 0.2
