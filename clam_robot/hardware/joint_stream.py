"""Jerk-limited set-points for the joints, between one target and the next."""

import math
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from ruckig import ControlInterface, InputParameter, Result, Ruckig, RuckigError, Synchronization, Trajectory

from clam_robot import config
from clam_robot.errors import ConfigError, RobotError
from clam_robot.hardware.wx250s import NUM_JOINTS, VELOCITY_LIMIT


@dataclass(frozen=True, kw_only=True)
class StreamConfig(config.Strict):
    """How fast set-points may move, the same for every joint.

    Attributes:
        hz: set-points per second.
        velocity: [rad/s].
        acceleration: [rad/s^2].
        jerk: [rad/s^3].
        stop_acceleration: of a stop, which need not be smooth: the servos lag so far behind set-points that they brake
            as hard either way, only later [rad/s^2].
        stop_jerk: of a stop [rad/s^3].
    """

    hz: float = 50.0
    velocity: float = 1.0
    acceleration: float = 20.0
    jerk: float = 600.0
    stop_acceleration: float = 60.0
    stop_jerk: float = 4000.0

    def __post_init__(self) -> None:
        for name in ("hz", "velocity", "acceleration", "jerk", "stop_acceleration", "stop_jerk"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name}: expected a positive number, found {getattr(self, name)}")
        if self.velocity > VELOCITY_LIMIT:
            raise ConfigError(
                f"velocity: the joints' limit is {VELOCITY_LIMIT:.3f} rad/s, found {self.velocity}; lower it"
            )

    @property
    def period(self) -> float:
        """Between two set-points [s]."""
        return 1.0 / self.hz


class Plan:
    """Set-points from one moment to rest.

    Args:
        trajectory: of all joints.
        period: between two set-points [s].
        is_stop: whether it brakes harder than the stream's limits.
    """

    def __init__(self, trajectory: Trajectory, period: float, *, is_stop: bool = False) -> None:
        self._trajectory = trajectory
        self._period = period
        self.is_stop = is_stop
        self._step = 0

    @property
    def is_over(self) -> bool:
        """Whether the last set-point was at rest."""
        return self._step * self._period >= self._trajectory.duration

    @property
    def end(self) -> Float64[np.ndarray, "6"]:
        """Where it comes to rest [rad]."""
        return np.array(self._trajectory.at_time(self._trajectory.duration)[0])

    def step(self) -> tuple[list[float], list[float], list[float]]:
        """Position [rad], velocity [rad/s] and acceleration [rad/s^2] of the next set-point."""
        self._step += 1
        return self._trajectory.at_time(self._step * self._period)

    def remaining(self) -> Float64[np.ndarray, "steps 6"]:
        """Positions of all set-points to come, the one at rest last [rad]."""
        last = math.ceil(self._trajectory.duration / self._period)
        steps = range(self._step + 1, max(last, self._step + 1) + 1)
        return np.array([self._trajectory.at_time(step * self._period)[0] for step in steps])


class JointStream:
    """Moves a set-point to targets and stops it, within the limits of velocity, acceleration and jerk.

    Every plan ends at rest: who gives no further targets stops the arm. Plans are made first and followed afterwards,
    so that they can be looked at in between.
    """

    def __init__(self, config: StreamConfig) -> None:
        self.config = config
        self._generator = Ruckig(NUM_JOINTS, config.period)
        self._input = InputParameter(NUM_JOINTS)
        self.reset(np.zeros(NUM_JOINTS))

    def reset(self, position: Float64[np.ndarray, "6"]) -> None:
        """Stand still at `position` [rad]."""
        self._input.current_position = position.tolist()
        self._input.current_velocity = self._input.current_acceleration = _STILL
        self.follow(self.plan_stop())

    @property
    def position(self) -> Float64[np.ndarray, "6"]:
        """The set-point [rad]."""
        return np.array(self._input.current_position)

    @property
    def velocity(self) -> Float64[np.ndarray, "6"]:
        """Of the set-point [rad/s]."""
        return np.array(self._input.current_velocity)

    @property
    def is_at_rest(self) -> bool:
        """Whether the set-point has arrived."""
        return self._plan.is_over

    @property
    def destination(self) -> Float64[np.ndarray, "6"]:
        """Where the plan ends [rad]."""
        return self._plan.end

    def plan_to(self, position: Float64[np.ndarray, "6"], *, velocity: float | None = None) -> Plan:
        """To `position` [rad].

        Args:
            position: (6,) [rad].
            velocity: limit of the joints' velocity for this move, where it is lower than the stream's [rad/s].

        Raises:
            RobotError: there is no way there.
        """
        self._input.control_interface = ControlInterface.Position
        self._input.target_position = position.tolist()
        limit = self.config.velocity if velocity is None else min(velocity, self.config.velocity)
        # Out of a stop with a jerk below its own the joints would swing back.
        is_stopping = self._plan.is_stop and not self._plan.is_over
        jerk = self.config.stop_jerk if is_stopping else self.config.jerk
        return Plan(self._within(limit, self.config.acceleration, jerk), self.config.period)

    def plan_stop(self) -> Plan:
        """To rest, as soon as the limits allow."""
        self._input.control_interface = ControlInterface.Velocity
        trajectory = self._within(self.config.velocity, self.config.stop_acceleration, self.config.stop_jerk)
        return Plan(trajectory, self.config.period, is_stop=True)

    def follow(self, plan: Plan) -> None:
        """Follow a plan that was made since the last step."""
        self._plan = plan

    def step(self) -> Float64[np.ndarray, "6"]:
        """The set-point one period later [rad]."""
        position, velocity, acceleration = self._plan.step()
        self._input.current_position = position
        self._input.current_velocity = velocity
        self._input.current_acceleration = acceleration
        return np.array(position)

    def _within(self, velocity: float, acceleration: float, jerk: float) -> Trajectory:
        # A limit below the present velocity is not refused: the generator brakes first.
        self._input.target_velocity = self._input.target_acceleration = _STILL
        for share, synchronization in _ATTEMPTS:
            self._input.synchronization = synchronization
            self._input.max_velocity = [velocity] * NUM_JOINTS
            self._input.max_acceleration = [share * acceleration] * NUM_JOINTS
            self._input.max_jerk = [share * jerk] * NUM_JOINTS
            trajectory = Trajectory(NUM_JOINTS)
            with suppress(RuckigError):
                if self._generator.calculate(self._input, trajectory) in (Result.Working, Result.Finished):
                    return trajectory
        raise RobotError(
            f"no set-points lead from {np.round(self.position, 3)} to {np.round(self._input.target_position, 3)} rad; "
            "the arm keeps its last plan"
        )


# Joints arrive together. The generator fails where a distance just fits its limits, to the last digit: then each joint
# goes on its own, or a little slower.
_ATTEMPTS = tuple((share, how) for share in (1.0, 0.97, 0.9) for how in (Synchronization.Time, Synchronization.No))
_STILL = [0.0] * NUM_JOINTS
