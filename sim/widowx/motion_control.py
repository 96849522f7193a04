"""What a servo's firmware does with its goals: plan the way, regulate, ask for PWM.

Positions are counts and velocities units of 0.229 rpm, in the direction of the servo's registers.
"""

from clam_robot.hardware import control_table as ct
from clam_robot.hardware import wx250s
from clam_robot.hardware.control_table import DriveMode, OperatingMode
from sim.widowx.memory import Memory
from sim.widowx.motor import Motor
from sim.widowx.profile import Profile, step, time_profile, velocity_profile
from sim.widowx.regulator import PositionRegulator, VelocityRegulator

POSITION_MODES = frozenset(
    {OperatingMode.POSITION, OperatingMode.EXTENDED_POSITION, OperatingMode.CURRENT_BASED_POSITION}
)
VELOCITY_COUNTS = ct.VELOCITY_UNIT / wx250s.COUNT  # counts per second in a unit of velocity
# A unit of Profile_Acceleration is 214.577 rev/min^2.
ACCELERATION_COUNTS = 214.577 * wx250s.COUNTS_PER_TURN / 3600.0  # [count/s^2]


class MotionControl:
    """The controllers of one servo.

    Attributes:
        mode: the one it works in, None while the torque is off.
        profile: the plan of the latest position goal.
        elapsed: time since that plan began [s].
        velocity_plan: planned velocity of velocity control.
    """

    def __init__(self, motor: Motor) -> None:
        self._motor = motor
        self._position_regulator = PositionRegulator()
        self._velocity_regulator = VelocityRegulator()
        self.mode: OperatingMode | None = None
        self._is_positioning = False  # whether the mode is one of POSITION_MODES
        self.profile: Profile = step(0.0)
        self.elapsed = self.velocity_plan = 0.0

    @property
    def is_under_way(self) -> bool:
        """Whether the plan of a position goal is not at its end yet."""
        return self._is_positioning and self.elapsed < self.profile.duration

    @property
    def planned(self) -> tuple[float, float]:
        """Planned position [count] and velocity [count/s] of this moment."""
        if self.mode == OperatingMode.VELOCITY:
            return 0.0, self.velocity_plan * VELOCITY_COUNTS
        return self.profile.at(self.elapsed)

    def configure(self, memory: Memory) -> None:
        """Take gains, limits, profile and goals from the registers; the position goal excepted (`go`)."""
        self._position_regulator.set_gains(
            memory[ct.POSITION_P_GAIN], memory[ct.POSITION_I_GAIN], memory[ct.POSITION_D_GAIN]
        )
        self._velocity_regulator.set_gains(memory[ct.VELOCITY_P_GAIN], memory[ct.VELOCITY_I_GAIN])
        self._profile_velocity, self._profile_acceleration = (
            memory[ct.PROFILE_VELOCITY],
            memory[ct.PROFILE_ACCELERATION],
        )
        self._is_timed = bool(memory[ct.DRIVE_MODE] & DriveMode.TIME_PROFILE)
        self._velocity_limit = memory[ct.VELOCITY_LIMIT] * VELOCITY_COUNTS
        self._goal_pwm = float(memory[ct.GOAL_PWM])
        self._goal_velocity = float(memory[ct.GOAL_VELOCITY])
        self._goal_current = memory[ct.GOAL_CURRENT] * ct.CURRENT_UNIT * 1e-3  # [A]
        limit = memory[ct.PWM_LIMIT]
        # Outside PWM mode Goal_PWM bounds what the controllers ask for.
        is_pwm = memory[ct.OPERATING_MODE] == OperatingMode.PWM
        self._pwm_limit = float(limit if is_pwm else min(limit, abs(memory[ct.GOAL_PWM])))

    def start(self, mode: OperatingMode, position: float) -> None:
        """Torque on: hold this position, or stand still."""
        self._position_regulator.reset()
        self._velocity_regulator.reset()
        self.velocity_plan = 0.0
        self.mode, self._is_positioning = mode, mode in POSITION_MODES
        self.hold(position)

    def stop(self) -> None:
        """Torque off."""
        self.mode, self._is_positioning = None, False

    def hold(self, position: float) -> None:
        """Make a position the goal, at once."""
        self.profile, self.elapsed = step(position), 0.0

    def go(self, goal: float) -> None:
        """Begin the move to a goal from where the plan is; the goal it has already changes nothing."""
        if not self._is_positioning or goal == self.profile.goal:
            return
        start, velocity = self.profile.at(self.elapsed)
        if self._is_timed:
            self.profile = time_profile(
                start,
                velocity,
                goal,
                duration=self._profile_velocity * 1e-3,
                acceleration_time=self._profile_acceleration * 1e-3,
                limit=self._velocity_limit,
            )
        else:
            self.profile = velocity_profile(
                start,
                velocity,
                goal,
                limit=min(self._profile_velocity * VELOCITY_COUNTS, self._velocity_limit),
                acceleration=self._profile_acceleration * ACCELERATION_COUNTS,
            )
        self.elapsed = 0.0

    def pwm(self, dt: float, position: float, velocity: float, voltage: float) -> float:
        """PWM for the next `dt` [s] from where the servo is and how fast it turns, within its limits."""
        self.elapsed += dt
        wanted, limit = self._wanted(dt, position, velocity, voltage), self._pwm_limit
        return limit if wanted > limit else -limit if wanted < -limit else wanted

    def _wanted(self, dt: float, position: float, velocity: float, voltage: float) -> float:
        mode = self.mode
        if self._is_positioning:
            planned, _ = self.profile.at(self.elapsed)
            wanted = self._position_regulator.output(planned - position, dt)
            if mode is not OperatingMode.CURRENT_BASED_POSITION:
                return wanted
            bound = abs(self._goal_current)
            low, high = (self._pwm_for(current, velocity, voltage) for current in (-bound, bound))
            return max(low, min(high, wanted))
        if mode == OperatingMode.PWM:
            return self._goal_pwm
        if mode == OperatingMode.VELOCITY:
            change = self._goal_velocity - self.velocity_plan
            gain = self._profile_acceleration * ACCELERATION_COUNTS / VELOCITY_COUNTS * dt
            self.velocity_plan += max(-gain, min(gain, change)) if gain else change
            return self._velocity_regulator.output(self.velocity_plan - velocity, dt)
        return self._pwm_for(self._goal_current, velocity, voltage)

    def _pwm_for(self, current: float, velocity: float, voltage: float) -> float:
        return self._motor.duty_for(current, velocity * ct.VELOCITY_UNIT, voltage) * ct.PWM_MAX
