"""Has a WidowX follow a leader arm: bounded steps from where it was sent to where the leader is."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64
from scipy.spatial.transform import RigidTransform

from clam_robot import config
from clam_robot.errors import ConfigError, PoseMismatch
from clam_robot.hardware.kinematics import tool_pose
from clam_robot.hardware.pose_change import difference, moved
from clam_robot.hardware.widowx_spec import GRIPPER, POSE_ACTION
from clam_robot.hardware.wx250s import JOINT_NAMES, NUM_JOINTS
from clam_robot.specs import RobotSpec
from clam_robot.types import Observation
from teleop.action_layout import gripper_value, within


@dataclass(frozen=True, kw_only=True)
class FollowConfig(config.Strict):
    """How a leader is followed.

    Attributes:
        tolerance: furthest a joint of the leader may be from the follower's to begin [rad].
        settled: steps in which neither arm moves, after which what is left between them is made up for.
    """

    tolerance: float = 0.25
    settled: int = 5

    def __post_init__(self) -> None:
        if not self.tolerance > 0:
            raise ConfigError(f"tolerance: expected a positive angle, found {self.tolerance}")
        if self.settled < 1:
            raise ConfigError(f"settled: expected at least 1, found {self.settled}")


class LeaderFollower:
    """A `Follower` that keeps where the robot was sent to: actions are chained on that, not on where it is by now.

    Steps towards the leader from the measured pose would add what is still under way a second time. Where both arms
    stand still and apart, the measured pose is taken over, so that sag and changed actions do not stay.

    Args:
        spec: of the follower: its state has the arm's joints, its actions are changes of the hand's pose or of joints.
        setup: how.

    Raises:
        ConfigError: the robot is no WidowX.
    """

    def __init__(self, spec: RobotSpec, setup: FollowConfig | None = None) -> None:
        names = spec.action.names
        is_pose = names == (*POSE_ACTION, GRIPPER)
        if spec.state.names[:NUM_JOINTS] != JOINT_NAMES or not (
            is_pose or names == (*(f"d{name}" for name in JOINT_NAMES), GRIPPER)
        ):
            raise ConfigError(f"a leader arm drives a WidowX, not {spec.name}; try widowx or widowx-twin:TASK")
        self._spec, self._setup, self._is_pose = spec, setup or FollowConfig(), is_pose
        self.reset()

    def reset(self) -> None:
        """Follow from where the robot is at the next step."""
        self._sent_joints: np.ndarray | None = None
        self._sent_pose = RigidTransform.identity()
        self._last: np.ndarray | None = None
        self._num_still = 0

    def mismatch(self, leader: Float64[np.ndarray, "6"], observation: Observation) -> PoseMismatch | None:
        """Which joints stand too differently to begin, each with both angles; None where none does."""
        follower = observation.state[:NUM_JOINTS].astype(np.float64)
        apart = np.abs(leader - follower) > self._setup.tolerance
        if not apart.any():
            return None
        names = tuple(name for name, is_apart in zip(JOINT_NAMES, apart, strict=True) if is_apart)
        each = "; ".join(
            f"{name}: leader {leader[i]:+.2f}, follower {follower[i]:+.2f} rad"
            for i, name in enumerate(JOINT_NAMES)
            if apart[i]
        )
        return PoseMismatch(
            f"leader and follower stand more than {self._setup.tolerance:g} rad apart ({each}); "
            "bring the leader to where the follower is, then begin again",
            names,
        )

    def step(
        self, leader: Float64[np.ndarray, "6"], opening: float, observation: Observation
    ) -> Float32[np.ndarray, "7"]:
        """The action that brings the follower nearer to the leader.

        Args:
            leader: its joints [rad].
            opening: of the gripper, 0 closed .. 1 open.
            observation: of the follower.
        """
        follower = observation.state[:NUM_JOINTS].astype(np.float64)
        self._settle(leader, follower)
        assert self._sent_joints is not None
        low, high = self._spec.action.low_array.astype(np.float64), self._spec.action.high_array.astype(np.float64)
        if self._is_pose:
            wanted = difference(self._sent_pose, tool_pose(leader))
            step = np.concatenate([within(wanted[part], low[part], high[part]) for part in (_LINEAR, _ANGULAR)])
        else:
            step = within(leader - self._sent_joints, low[:NUM_JOINTS], high[:NUM_JOINTS])
        return self._spec.action.clip(np.append(step, gripper_value(self._spec, opening)), what="action")

    def sent(self, action: Float32[np.ndarray, "7"]) -> None:
        """An action that was really executed."""
        if self._sent_joints is None:
            return
        if self._is_pose:
            self._sent_pose = moved(self._sent_pose, action)
        else:
            self._sent_joints = self._sent_joints + action[:NUM_JOINTS]

    def _settle(self, leader: np.ndarray, follower: np.ndarray) -> None:
        both = np.concatenate([leader, follower])
        is_still = self._last is not None and bool(np.abs(both - self._last).max() < _STILL)
        self._last = both
        self._num_still = self._num_still + 1 if is_still else 0
        is_settled = self._num_still >= self._setup.settled and not self._is_there(leader, follower)
        if self._sent_joints is None or is_settled:
            self._sent_joints, self._sent_pose = follower, tool_pose(follower)
            self._num_still = 0

    def _is_there(self, leader: np.ndarray, follower: np.ndarray) -> bool:
        if not self._is_pose:
            return bool(np.abs(leader - follower).max() < _THERE_ANGLE)
        apart = np.abs(difference(tool_pose(follower), tool_pose(leader)))
        return bool(apart[_LINEAR].max() < _THERE and apart[_ANGULAR].max() < _THERE_ANGLE)


_LINEAR, _ANGULAR = slice(0, 3), slice(3, 6)
# Joints that change less in a control period stand still; a servo's count is 0.0015 [rad].
_STILL = 0.002
# What is left between the arms and not made up for, lest they sway about one another.
_THERE = 0.004  # [m]
_THERE_ANGLE = 0.02  # [rad]
