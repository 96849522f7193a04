"""From policy actions to joint set-points, stepped by whoever owns the time: a servo thread, or a simulation.

    act(action)  5 to 10 Hz   chained on the commanded pose, kept in the workspace, turned into a joint target by IK,
                              and followed only along a plan that is clear of table and arm until it is at rest
    step(state)  50 Hz        the next set-point and the gripper's effort

So at every moment the arm follows a plan that was found clear to its end, and comes to rest by itself when nobody acts.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float32, Float64
from scipy.spatial.transform import RigidTransform

from clam_robot import config
from clam_robot.hardware import safety_rules
from clam_robot.hardware.brake import Brake, BrakeConfig
from clam_robot.hardware.clearance import Clearance
from clam_robot.hardware.gripper import Gripper, GripperConfig, opening
from clam_robot.hardware.inverse_kinematics import IkConfig, InverseKinematics
from clam_robot.hardware.joint_driver import JointState
from clam_robot.hardware.joint_stream import JointStream, Plan, StreamConfig
from clam_robot.hardware.kinematics import tool_pose
from clam_robot.hardware.pose_change import difference, moved
from clam_robot.hardware.safety_rules import Reason, SafetyLimits
from clam_robot.hardware.sag import Sag, SagConfig
from clam_robot.hardware.workspace import Workspace, WorkspaceConfig
from clam_robot.hardware.wx250s import NUM_JOINTS, joint_limits


@dataclass(frozen=True, kw_only=True)
class ArmConfig(config.Strict):
    """How the arm moves.

    Attributes:
        stream: set-points.
        brake: stops.
        sag: what is made up for.
        gripper: fingers.
        workspace: where it may be.
        ik: inverse kinematics.
        limits: what the safety rules allow.
    """

    stream: StreamConfig = field(default_factory=StreamConfig)
    brake: BrakeConfig = field(default_factory=BrakeConfig)
    sag: SagConfig = field(default_factory=SagConfig)
    gripper: GripperConfig = field(default_factory=GripperConfig)
    workspace: WorkspaceConfig = field(default_factory=WorkspaceConfig)
    ik: IkConfig = field(default_factory=IkConfig)
    limits: SafetyLimits = field(default_factory=SafetyLimits)


@dataclass(frozen=True, kw_only=True)
class Executed:
    """What became of an action.

    Attributes:
        action: (7,) what is really executed.
        reasons: rules that changed it.
    """

    action: Float32[np.ndarray, "7"]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, kw_only=True)
class Aim:
    """Where an action leads.

    Attributes:
        start: pose that it is chained on.
        target: of the joints [rad].
        level: target without what was asked downwards, for where no part of the way down is free; None where nothing
            was [rad].
        gripper: opening, 0 closed .. 1 open.
        reasons: rules that changed it so far.
    """

    start: RigidTransform
    target: Float64[np.ndarray, "6"]
    level: Float64[np.ndarray, "6"] | None
    gripper: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, kw_only=True)
class Setpoint:
    """What the servos are to do in the coming period.

    Attributes:
        position: to send to the joints: the plan's, and what sag needs beyond it [rad].
        gripper_effort: [-1 closes .. 1 opens].
    """

    position: Float64[np.ndarray, "6"]
    gripper_effort: float


class ArmController:
    """Owns the commanded pose, the plan and the gripper. No threads, no clock, no device.

    Args:
        config: how the arm moves.
        space: what the first six entries of an action mean, see `ActionConfig`.
        period: of the policy; an action moves joints by at most what the stream can do meanwhile [s].

    Attributes:
        num_changed: how often each rule changed an action.
    """

    def __init__(self, config: ArmConfig, *, space: Literal["pose", "joints"] = "pose", period: float) -> None:
        self._config = config
        self._space = space
        self._workspace = Workspace(config.workspace)
        self._clearance = Clearance(self._workspace, config.stream.period)
        self._ik = InverseKinematics(self._workspace, config.ik)
        self._stream = JointStream(config.stream)
        self._brake: Brake | None = None  # while the arm is held
        self._is_blind = False  # whether nobody knew then where the joints are
        self._is_checked = True  # whether the way is
        self._sag = Sag(config.sag, config.stream.period, self._workspace.gravity)
        self._gripper = Gripper(config.gripper)
        self._max_change = config.stream.velocity * period
        self._commanded = RigidTransform.identity()
        self._joints, self._velocity = self._stream.position, np.zeros(NUM_JOINTS)
        self.num_changed: Counter[Reason] = Counter()

    def start(self, state: JointState) -> None:
        """Take over an arm at rest where it is: its measured pose is the commanded one."""
        self._stream.reset(state.position)
        self._joints, self._velocity = state.position, state.velocity
        self._brake, self._is_checked = None, True
        self._sag.reset()
        self._commanded = tool_pose(state.position)
        self._gripper.reset(float(np.clip(opening(state.finger), 0.0, 1.0)))
        self.num_changed.clear()

    @property
    def setpoint(self) -> Float64[np.ndarray, "6"]:
        """The last one of the plan [rad]."""
        return self._stream.position

    @property
    def destination(self) -> Float64[np.ndarray, "6"]:
        """Where the plan ends [rad]."""
        return self._stream.destination

    @property
    def is_at_rest(self) -> bool:
        """Whether the plan, or the stop, is over."""
        return self._stream.is_at_rest and (self._brake is None or self._brake.is_over)

    def act(self, action: Float32[np.ndarray, "7"], state: JointState) -> Executed:
        """Take over an action; see `aim`."""
        return self.pursue(self.aim(action, state))

    def aim(self, action: Float32[np.ndarray, "7"], state: JointState) -> Aim:
        """Where an action leads. The slow half of `act`: it changes nothing, and set-points may go on meanwhile.

        Args:
            action: dx, dy, dz [m], droll, dpitch, dyaw [rad] in the base frame, or changes of the six joints [rad];
                then the gripper, 0 closed .. 1 open. Finite.
            state: newest.
        """
        reasons: list[Reason] = []
        start, level = self._bounded_start(state, reasons), None
        if self._space == "pose":
            target = self._target_of_pose(moved(start, action), reasons)
            if action[2] < 0:
                level = self._target_of_pose(moved(start, action * _LEVEL), [])
        else:
            target = self._target_of_joints(action[:6], reasons)
        gripper = float(np.clip(action[6], 0.0, 1.0))
        return Aim(start=start, target=target, level=level, gripper=gripper, reasons=tuple(reasons))

    def pursue(self, aim: Aim) -> Executed:
        """Set out for where an action leads, if the way there is clear.

        A hand on the table that is asked down and aside goes aside: a policy presses a little, and would stand still.
        """
        before = self._stream.destination
        against = self._set_out_for(aim.target)
        if aim.level is not None and np.array_equal(self._stream.destination, before):
            against += self._set_out_for(aim.level)
        reasons = tuple(dict.fromkeys([*aim.reasons, *against]))
        self._gripper.move_to(aim.gripper)
        self._commanded = tool_pose(self._stream.destination)
        self.num_changed.update(reasons)
        change = difference(aim.start, self._commanded) if self._space == "pose" else self._stream.destination - before
        return Executed(action=np.append(change, self._gripper.target).astype(np.float32), reasons=reasons)

    def _bounded_start(self, state: JointState, reasons: list[Reason]) -> RigidTransform:
        """The commanded pose, which the next one is chained on, unless the measured one has fallen too far behind."""
        limits = self._config.limits
        start = safety_rules.bound_drift(self._commanded, tool_pose(state.position), limits.drift, limits.drift_angle)
        if np.abs(difference(self._commanded, start)).max() > _REACHED:
            reasons.append(Reason.DRIFT)
        return start

    def _target_of_pose(self, wanted: RigidTransform, reasons: list[Reason]) -> Float64[np.ndarray, "6"]:
        box = self._config.workspace
        inside = safety_rules.keep_in_box(wanted.translation, box.low, box.high)
        if not np.array_equal(inside, wanted.translation):
            reasons.append(Reason.WORKSPACE)
            wanted = RigidTransform.from_components(inside, wanted.rotation)
        solution = self._ik.solve(wanted, self._stream.destination, self._max_change)
        if solution.distance > _REACHED or solution.angle > _REACHED:
            reasons.append(Reason.UNREACHABLE)
        return solution.position

    def _target_of_joints(self, change: Float32[np.ndarray, "6"], reasons: list[Reason]) -> Float64[np.ndarray, "6"]:
        low, high = joint_limits()
        margin = self._config.ik.limit_margin
        wanted = self._stream.destination + np.clip(change, -self._max_change, self._max_change)
        target = np.clip(wanted, low + margin, high - margin)
        if not np.array_equal(target, wanted):
            reasons.append(Reason.BOUNDS)
        if not self._is_in_box(target):
            reasons.append(Reason.WORKSPACE)
            return self._stream.destination
        return target

    def _is_in_box(self, position: Float64[np.ndarray, "6"]) -> bool:
        """Whether the tool is in the workspace at these joint positions [rad], or no further out than it is now."""
        box = self._config.workspace
        out = [
            np.abs(tool - safety_rules.keep_in_box(tool, box.low, box.high)).max()
            for tool in (tool_pose(each).translation for each in (position, self._stream.destination))
        ]
        return bool(out[0] <= out[1])

    def move_to(
        self, position: Float64[np.ndarray, "6"], *, velocity: float | None = None, is_checked: bool = True
    ) -> bool:
        """Go to joint positions at no more than a velocity.

        Args:
            position: of the joints [rad].
            velocity: of the fastest joint; the stream's own by default [rad/s].
            is_checked: False for the last centimetres onto the arm's own rest, where links come near one another.

        Returns:
            Whether the way there is clear; otherwise nothing changes.
        """
        plan = self._stream.plan_to(position, velocity=velocity)
        is_clear = not is_checked or self._is_clear(plan)
        if is_clear:
            self._follow(plan, is_checked=is_checked)
            self._commanded = tool_pose(self._stream.destination)
        return is_clear

    def is_way_clear(self, position: Float64[np.ndarray, "6"], velocity: float) -> bool:
        """Whether `move_to` would set out."""
        return self._is_clear(self._stream.plan_to(position, velocity=velocity))

    def open_gripper(self) -> None:
        """Open the fingers."""
        self._gripper.move_to(1.0)

    def ease_gripper(self, state: JointState) -> float:
        """Effort for a gripper that is left alone: it keeps what it holds, no harder than it may for long."""
        self._gripper.ease()
        return self._gripper.step(state.finger, self._config.stream.period)

    def hold(self, state: JointState | None) -> None:
        """Come to rest as soon as the servos can; what is held already goes on being held.

        Fingers that open stop, too: they would push what lies beside them, or the arm. What they grasp they go on
        grasping.

        Args:
            state: newest; None when the joints are silent: then set-points come to rest, and the joints after them if
                they hear them. Those that are back, and did not, stay where they are.
        """
        if state is not None and (self._brake is None or self._is_blind):
            self._gripper.stop_opening(state.finger)
        self._hold_joints(state)

    def _hold_joints(self, state: JointState | None) -> None:
        if self._brake is not None and (state is None or not self._is_blind):
            return
        self._brake, self._is_blind = Brake(self._config.brake, self._config.stream.period), state is None
        if state is not None:
            self._brake.begin(state, self._stream.position if self._stream.is_at_rest else None)
            self._sag.settle(self._brake.is_moved)
            self._send_to(self._brake.step(state))
        elif not self._stream.is_at_rest:
            self._stream.follow(self._stream.plan_stop())
            self._commanded = tool_pose(self._stream.destination)

    def step(self, state: JointState) -> Setpoint:
        """The next set-point.

        Args:
            state: newest; stops, sag and fingers go by it.
        """
        low, high = joint_limits()
        before, self._joints, self._velocity = self._joints, state.position, state.velocity
        if self._brake is None and self._is_checked and self._clearance.is_closing_in(state.position, before):
            self._hold_joints(state)
        if self._brake is not None and not self._brake.is_over:
            self._send_to(self._brake.step(state))
        setpoint = self._stream.step()
        if self._brake is None:
            self._sag.learn(setpoint, state.position, state.velocity)
        return Setpoint(
            position=np.clip(self._sag.correct(setpoint), low, high),
            gripper_effort=self._gripper.step(state.finger, self._config.stream.period),
        )

    def _send_to(self, position: Float64[np.ndarray, "6"]) -> None:
        """Rest at joint positions [rad], or as near them as what joints keep of the clearance lets set-points be."""
        here = self._stream.position
        ends = (position + share * (here - position) for share in _SHARES)
        nearer = next((end for end in ends if self._clearance.may_rest(end)), here)
        if not (self._stream.is_at_rest and np.array_equal(nearer, here)):
            self._stream.reset(nearer)
            self._commanded = tool_pose(nearer)

    def _follow(self, plan: Plan, *, is_checked: bool = True) -> None:
        self._is_checked = is_checked
        if self._brake is not None:
            self._brake = None
            self._sag.forget_past()
        self._stream.follow(plan)

    def _set_out_for(self, target: Float64[np.ndarray, "6"]) -> list[Reason]:
        """Follow a plan as far towards a target as may be, slower where it is narrow; or go on with the present one.

        Returns:
            What keeps it from the target.
        """
        start = self._stream.destination
        reasons: list[Reason] = []
        for part in _PARTS:
            end = start + part * (target - start)
            reason = self._objection(end, start)
            if reason is None:
                is_under_way = any(self._follow_if_clear(self._plan(end, share)) for share in _SPEEDS)
                return reasons if is_under_way else [*reasons, Reason.CLEARANCE]
            reasons.append(reason)
        return reasons

    def _plan(self, end: Float64[np.ndarray, "6"], share: float) -> Plan:
        return self._stream.plan_to(end, velocity=share * self._config.stream.velocity)

    def _objection(self, end: Float64[np.ndarray, "6"], start: Float64[np.ndarray, "6"]) -> Reason | None:
        """What is against resting there, having rested at `start`."""
        gravity = self._workspace.gravity
        if safety_rules.is_strained(gravity(end), gravity(start), self._config.limits.holding):
            return Reason.STRAIN
        is_clear = self._clearance.is_clear_at_rest(end, self._stream.position)
        return None if is_clear else Reason.CLEARANCE

    def _follow_if_clear(self, plan: Plan) -> bool:
        is_clear = self._is_clear(plan)
        if is_clear:
            self._follow(plan)
        return is_clear

    def _is_clear(self, plan: Plan) -> bool:
        return self._clearance.is_clear(plan.remaining(), self._stream.position, self._joints, self._velocity)


# Of an action, all but its way up or down.
_LEVEL = np.array([1, 1, 0, 1, 1, 1, 1], np.float32)
# Shares of the stream's velocity at which a way is tried.
_SPEEDS = (1.0, 0.7, 0.45, 0.3, 0.2, 0.1)
# Of the way to a target that cannot be rested at.
_PARTS = (1.0, 0.5, 0.25)
# Of the way back from where a stop would end to the last set-point, which was clear.
_SHARES = (0.0, 0.25, 0.5, 0.75)
# A solution this near to the wanted pose is the wanted pose [m and rad].
_REACHED = 2e-3
