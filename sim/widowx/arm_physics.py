"""Nine servos and the scene they move, in lock step."""

from collections.abc import Callable
from typing import Any

import mujoco
import numpy as np
from jaxtyping import Float64

from clam_robot.errors import SimulationDiverged
from clam_robot.hardware import wx250s
from clam_robot.hardware.arm_model import FINGER_JOINTS
from sim.widowx.gripper_crank import crank_angle, crank_slope
from sim.widowx.scene import scene_model
from sim.widowx.servo import EmulatedServo
from sim.widowx.servo_model import NOMINAL_VOLTAGE

# MuJoCo's compiled half has no type information.
_MJ: Any = mujoco

CABLE_RESISTANCE = 0.08  # from the supply to the servos [ohm]
FINGERS_AT_REST = 0.026  # [m]
_SETTLE_SECONDS = 3.0
_GRIPPER = wx250s.NUM_JOINTS  # place of the gripper among joint angles


class ArmPhysics:
    """The arm in its scene, moved by emulated servos; time passes in `step` only and equal calls give equal motion.

    Attributes:
        model: `mujoco.MjModel` of the scene.
        data: its `mujoco.MjData`.
        servos: in the order of `wx250s.SERVOS`.
        supply_voltage: of the power supply [V].
        voltage: what reaches the servos [V].
        torque: (9,) of each servo on its joint in the latest step [Nm].
        observers: called after every physics step.
    """

    def __init__(self, model: Any = None) -> None:  # noqa: ANN401
        """Build it at rest in the sleep pose.

        Args:
            model: a scene of `scene.scene_model`; None is arm, table and a block.
        """
        self.model = scene_model() if model is None else model
        self.data = _MJ.MjData(self.model)
        self.servos = tuple(EmulatedServo(each) for each in wx250s.SERVOS)
        self.supply_voltage = self.voltage = NOMINAL_VOLTAGE
        self.torque = [0.0] * len(self.servos)
        self.observers: list[Callable[[], None]] = []
        self._period = float(self.model.opt.timestep)
        self._debt = 0.0
        joints = (*wx250s.JOINT_NAMES, *FINGER_JOINTS)
        first, start = self.model.joint(joints[0]).dofadr[0], self.model.joint(joints[0]).qposadr[0]
        self._qpos, self._dofs = slice(start, start + len(joints)), slice(first, first + len(joints))
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
        return self.data.qpos[self._qpos][: wx250s.NUM_JOINTS].copy()

    @property
    def velocity(self) -> Float64[np.ndarray, "6"]:
        """True speeds of the joints [rad/s]."""
        return self.data.qvel[self._dofs][: wx250s.NUM_JOINTS].copy()

    @property
    def joint_torque(self) -> Float64[np.ndarray, "7"]:
        """What the servos do to each joint, and the gripper's to its crank, in the latest step [Nm]."""
        total = np.zeros(wx250s.NUM_JOINTS + 1)
        np.add.at(total, self._places, self.torque)
        return total

    @property
    def finger(self) -> float:
        """True distance of the fingers from the middle [m]."""
        left, right = self.data.qpos[self._qpos][wx250s.NUM_JOINTS :]
        return float(left - right) / 2.0

    def servo(self, name: str) -> EmulatedServo:
        """The servo of this name (`wx250s.SERVOS`)."""
        return self.servos[wx250s.SERVOS.index(wx250s.servo(name))]

    def reset(self) -> None:
        """Scene as built, arm at rest in the sleep pose, servos switched off and on again."""
        _MJ.mj_resetData(self.model, self.data)
        self.data.qpos[self._qpos] = self._rest
        self._debt = 0.0
        self.supply_voltage = self.voltage = NOMINAL_VOLTAGE
        self.torque = [0.0] * len(self.servos)
        _MJ.mj_forward(self.model, self.data)
        angles, speeds, _ = self._joints()
        for servo, place in self._driven:
            servo.place(angles[place], speeds[place])
            servo.power_cycle()

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
        angles, speeds, _ = self._joints()
        for servo, place in self._driven:
            servo.place(angles[place], speeds[place])
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
        if num_steps and not np.isfinite(self.data.qpos).all():
            raise SimulationDiverged(f"the scene left the finite numbers at {self.time:.3f} s; reset it")
        return num_steps

    def _advance(self) -> None:
        angles, speeds, slope = self._joints()
        applied = [0.0] * (_GRIPPER + 1)
        power, voltage, dt = 0.0, self.voltage, self._period
        for index, (servo, place) in enumerate(self._driven):
            torque = servo.update(dt, angles[place], speeds[place], voltage)
            self.torque[index] = torque
            applied[place] += torque
            power += servo.power
        force = applied[_GRIPPER] / slope / 2.0
        applied[_GRIPPER] = force
        applied.append(-force)
        self.data.qfrc_applied[self._dofs] = applied
        self.voltage = self.supply_voltage - CABLE_RESISTANCE * power / max(voltage, 1.0)
        _MJ.mj_step(self.model, self.data)
        for observe in self.observers:
            observe()

    def _joints(self) -> tuple[list[float], list[float], float]:
        """Angles and speeds of the six joints and the gripper's crank, and the crank's slope."""
        angles, speeds = self.data.qpos[self._qpos].tolist(), self.data.qvel[self._dofs].tolist()
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
