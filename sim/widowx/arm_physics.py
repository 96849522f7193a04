"""Nine servos and the scene they move, in lock step."""

from collections.abc import Callable
from typing import Any

import mujoco
import numpy as np
from jaxtyping import Float64

from clam_robot.errors import SimulationDiverged
from clam_robot.hardware import wx250s
from clam_robot.hardware.arm_model import FINGER_JOINTS
from sim.widowx.free_block import FreeBlock
from sim.widowx.gripper_crank import crank_angle, crank_slope
from sim.widowx.scene import scene_model
from sim.widowx.scene_task import SceneTask
from sim.widowx.servo import EmulatedServo
from sim.widowx.servo_model import NOMINAL_VOLTAGE

# MuJoCo's compiled half has no type information.
_MJ: Any = mujoco

CABLE_RESISTANCE = 0.08  # from the supply to the servos [ohm]
FINGERS_AT_REST = 0.026  # [m]
_SETTLE_SECONDS = 3.0
_DIVERGED = (_MJ.mjtWarning.mjWARN_BADQPOS, _MJ.mjtWarning.mjWARN_BADQVEL, _MJ.mjtWarning.mjWARN_BADQACC)
_GRIPPER = wx250s.NUM_JOINTS  # place of the gripper among joint angles


class ArmPhysics:
    """The arm in its scene, moved by emulated servos; time passes in `step` only and equal calls give equal motion.

    Attributes:
        task: what else is in the scene.
        model: `mujoco.MjModel` of the scene.
        data: its `mujoco.MjData`.
        servos: in the order of `wx250s.SERVOS`.
        supply_voltage: of the power supply [V].
        voltage: what reaches the servos [V].
        torque: (9,) of each servo on its joint in the latest step [Nm].
        external_torque: (7,) that something else puts on the joints and the gripper's crank until changed [Nm].
        observers: called after every physics step.
        arm_position: (6,) true angles of the joints, a view that follows the physics [rad].
        arm_velocity: (6,) true speeds, likewise [rad/s].
    """

    def __init__(self, task: SceneTask | None = None) -> None:
        """Build it at rest in the sleep pose.

        Args:
            task: what else is in the scene; None is a block.
        """
        self.task: SceneTask = FreeBlock() if task is None else task
        self.model = scene_model(self.task.add_to)
        self.data = _MJ.MjData(self.model)
        self.servos = tuple(EmulatedServo(each) for each in wx250s.SERVOS)
        self.supply_voltage = self.voltage = NOMINAL_VOLTAGE
        self.torque = [0.0] * len(self.servos)
        self.external_torque = [0.0] * (_GRIPPER + 1)
        self.observers: list[Callable[[], None]] = []
        self._period = float(self.model.opt.timestep)
        self._debt = 0.0
        joints = (*wx250s.JOINT_NAMES, *FINGER_JOINTS)
        first, start = self.model.joint(joints[0]).dofadr[0], self.model.joint(joints[0]).qposadr[0]
        self._qpos, self._dofs = slice(start, start + len(joints)), slice(first, first + len(joints))
        self.arm_position = self.data.qpos[self._qpos][: wx250s.NUM_JOINTS]
        self.arm_velocity = self.data.qvel[self._dofs][: wx250s.NUM_JOINTS]
        self._all_positions, self._all_speeds = self.data.qpos[self._qpos], self.data.qvel[self._dofs]
        self._applied = self.data.qfrc_applied[self._dofs]
        # Of each servo: the place of its joint among the six, and of the gripper behind them.
        places = {name: place for place, name in enumerate((*wx250s.JOINT_NAMES, wx250s.GRIPPER))}
        self._places = [places[each.name.removesuffix("_shadow")] for each in wx250s.SERVOS]
        self._driven = list(zip(self.servos, self._places, strict=True))
        self._rest = self._settle()
        self.reset()

    @property
    def time(self) -> float:
        """Simulated [s]."""
        return float(self.data.time)

    @property
    def position(self) -> Float64[np.ndarray, "6"]:
        """True angles of the joints [rad]."""
        return self.arm_position.copy()

    @property
    def velocity(self) -> Float64[np.ndarray, "6"]:
        """True speeds of the joints [rad/s]."""
        return self.arm_velocity.copy()

    @property
    def joint_torque(self) -> Float64[np.ndarray, "7"]:
        """What the servos do to each joint, and the gripper's to its crank, in the latest step [Nm]."""
        total = [0.0] * (_GRIPPER + 1)
        for place, torque in zip(self._places, self.torque, strict=True):
            total[place] += torque
        return np.array(total)

    @property
    def finger(self) -> float:
        """True distance of the fingers from the middle [m]."""
        left, right = self._all_positions[wx250s.NUM_JOINTS :]
        return float(left - right) / 2.0

    def servo(self, name: str) -> EmulatedServo:
        """The servo of this name (`wx250s.SERVOS`)."""
        return self.servos[wx250s.SERVOS.index(wx250s.servo(name))]

    def reset(self, seed: int = 0, *, keep_arm: bool = False) -> None:
        """Lay the scene out anew; time goes on from where it is.

        Args:
            seed: equal seeds lay out bit-equal scenes.
            keep_arm: leave arm and servos as they are; otherwise the arm is put to rest in the sleep pose, its servos
                as delivered.
        """
        arm, speeds = self.data.qpos[self._qpos].copy(), self.data.qvel[self._dofs].copy()
        now = self.time
        _MJ.mj_resetData(self.model, self.data)
        self.data.time = now
        self.data.qpos[self._qpos], self.data.qvel[self._dofs] = (arm, speeds) if keep_arm else (self._rest, 0.0)
        self.task.reset(self.model, self.data, np.random.default_rng(seed))
        _MJ.mj_forward(self.model, self.data)
        if keep_arm:
            return
        self._debt = 0.0
        self.supply_voltage = self.voltage = NOMINAL_VOLTAGE
        self.torque = [0.0] * len(self.servos)
        self.external_torque = [0.0] * (_GRIPPER + 1)
        self._place_servos()
        for servo in self.servos:
            servo.renew()

    def mount(self, joint: str, offset: float) -> None:
        """Turn the horns of a joint's servos: it is `offset` [rad] further than they say, until changed."""
        for servo in self.servos:
            if servo.description.name.removesuffix("_shadow") == joint:
                servo.mount(offset)

    def reverse(self, joint: str, is_reversed: bool) -> None:
        """Screw a joint's servos in the wrong way round, or right again: it turns the other way than they say."""
        for servo in self.servos:
            if servo.description.name.removesuffix("_shadow") == joint:
                servo.reverse(is_reversed)

    def place(self, position: Float64[np.ndarray, "6"], finger: float | None = None) -> None:
        """Put the arm somewhere at rest, without time passing; servos with torque hold it there.

        Args:
            position: of the joints [rad].
            finger: distance of the fingers from the middle [m]; None leaves them.
        """
        wanted = np.append(position, (self.finger, -self.finger) if finger is None else (finger, -finger))
        self.data.qpos[self._qpos] = wanted
        self.data.qvel[self._dofs] = 0.0
        _MJ.mj_forward(self.model, self.data)
        self._place_servos()
        for servo in self.servos:
            servo.hold()

    def step(self, seconds: float) -> int:
        """Let time pass in whole physics steps; what is left over is kept for the next call.

        Returns:
            Steps made.

        Raises:
            SimulationDiverged: the physics left the finite numbers.
        """
        self._debt += seconds
        num_steps = int(self._debt / self._period + 1e-9)
        self._debt -= num_steps * self._period
        for _ in range(num_steps):
            self._advance()
        if num_steps and self._has_diverged():
            raise SimulationDiverged(f"the scene left the finite numbers at {self.time:.3f} s; reset it")
        return num_steps

    def _advance(self) -> None:
        angles, speeds, slope = self._joints()
        applied = self.external_torque.copy()
        power, voltage, dt = 0.0, self.voltage, self._period
        for index, (servo, place) in enumerate(self._driven):
            torque = servo.update(dt, angles[place], speeds[place], voltage)
            self.torque[index] = torque
            applied[place] += torque
            power += servo.power
        force = applied[_GRIPPER] / slope / 2.0
        applied[_GRIPPER] = force
        applied.append(-force)
        self._applied[:] = applied
        self.voltage = max(0.0, self.supply_voltage - CABLE_RESISTANCE * power / max(voltage, 1.0))
        _MJ.mj_step(self.model, self.data)
        for observe in self.observers:
            observe()

    def _has_diverged(self) -> bool:
        # MuJoCo starts such a scene over by itself and only counts it.
        return any(self.data.warning[kind].number for kind in _DIVERGED)

    def _place_servos(self) -> None:
        angles, speeds, _ = self._joints()
        for servo, place in self._driven:
            servo.place(angles[place], speeds[place])

    def _joints(self) -> tuple[list[float], list[float], float]:
        """Angles and speeds of the six joints and the gripper's crank, and the crank's slope."""
        angles, speeds = self._all_positions.tolist(), self._all_speeds.tolist()
        right, right_speed = angles.pop(), speeds.pop()
        angle = crank_angle(0.5 * (angles[_GRIPPER] - right))
        slope = crank_slope(angle)
        angles[_GRIPPER] = angle
        speeds[_GRIPPER] = 0.5 * (speeds[_GRIPPER] - right_speed) / slope
        return angles, speeds, slope

    def _settle(self) -> Float64[np.ndarray, "8"]:
        """Where the arm comes to rest when its torque goes off in the sleep pose."""
        self.data.qpos[self._qpos] = (*wx250s.SLEEP, FINGERS_AT_REST, -FINGERS_AT_REST)
        for _ in range(round(_SETTLE_SECONDS / self._period)):
            _MJ.mj_step(self.model, self.data)
        return self.data.qpos[self._qpos].copy()
