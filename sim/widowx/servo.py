"""One emulated Dynamixel servo: a control table, the firmware behind it and the motor in front of it.

Where the e-Manual is silent this follows what users of such arms see: torque on holds the position of that moment,
whatever the goal was; a servo in PWM mode begins with zero PWM.
"""

import math
import struct

from clam_robot.hardware import control_table as ct
from clam_robot.hardware import wx250s
from clam_robot.hardware.control_table import DriveMode, HardwareError, OperatingMode, Register
from sim.widowx.memory import Memory, Refused
from sim.widowx.motor import Motor
from sim.widowx.packet import StatusError
from sim.widowx.profile import Profile, step, time_profile, velocity_profile
from sim.widowx.regulator import PositionRegulator, VelocityRegulator
from sim.widowx.servo_model import MODELS

_POSITION_MODES = frozenset(
    {OperatingMode.POSITION, OperatingMode.EXTENDED_POSITION, OperatingMode.CURRENT_BASED_POSITION}
)
VELOCITY_COUNTS = ct.VELOCITY_UNIT / wx250s.COUNT  # counts per second in a unit of velocity
# Profile_Acceleration is in 214.577 rev/min^2.
ACCELERATION_COUNTS = 214.577 * wx250s.COUNTS_PER_TURN / 3600.0  # [count/s^2]
WATCHDOG_UNIT = 0.02  # [s]
BROWN_OUT = 5.0  # below this a servo's processor stops [V]
BOOT_SECONDS = 0.25  # from a reboot until it answers
_ARRIVED, _FOLLOWING = 10.0, 100.0  # largest errors that count as in position and as following [count]
_READINGS = struct.Struct("<HBBhhiiiiHB")  # Realtime_Tick to Present_Temperature
_UPDATED_BY_POSITION = frozenset({ct.DRIVE_MODE, ct.HOMING_OFFSET, ct.OPERATING_MODE})


class EmulatedServo:
    """A servo in its place in the arm, provisioned as the arm's maker ships it, torque off.

    Angles and torques given and returned are the joint's; positions inside are counts in the direction and from the
    zero that the servo's registers have.

    Attributes:
        description: which servo it is.
        memory: its registers; readings in them are as old as the last `read`.
        motor: its motor.
        is_awake: whether its processor runs and answers.
        num_reboots: since it was made.
    """

    def __init__(self, description: wx250s.Servo) -> None:
        self.description = description
        self.model = MODELS[description.model]
        self.memory = Memory(self.model)
        self.motor = Motor(self.model)
        self.is_awake = True
        self.num_reboots = 0
        self._mounting = -1.0 if description.is_reversed else 1.0
        self._position_regulator = PositionRegulator()
        self._velocity_regulator = VelocityRegulator()
        self._joint_angle = self._joint_speed = 0.0
        self._voltage = 12.0
        self._provision()
        self._start_up()

    @property
    def id(self) -> int:
        """Its ID register."""
        return self.memory[ct.ID]

    @property
    def position(self) -> float:
        """Where it is, unquantised [count]."""
        return self._position

    @property
    def power(self) -> float:
        """What it takes from the supply [W]."""
        return self.model.standby_current * self._voltage + max(0.0, self.motor.current * self._duty * self._voltage)

    @property
    def is_torque_on(self) -> bool:
        """Whether it drives its motor."""
        return self._mode is not None

    @property
    def errors(self) -> HardwareError:
        """Hardware errors since the last start."""
        return HardwareError(self.memory[ct.HARDWARE_ERROR_STATUS])

    def place(self, angle: float, speed: float = 0.0) -> None:
        """Say where the joint is [rad] and how fast it turns [rad/s], without time passing."""
        self._joint_angle, self._joint_speed = angle, speed
        self._measure()

    def read(self, address: int, size: int) -> bytes:
        """Bytes of the control table, readings fresh.

        Raises:
            Refused: they end behind the table.
        """
        self._refresh()
        return self.memory.read(address, size)

    def check(self, address: int, data: bytes) -> list[tuple[Register, int]]:
        """What a write would set, nothing set yet.

        Raises:
            Refused: with the status error the servo answers.
        """
        writes = self.memory.decode(address, data)
        for register, value in writes:
            if register is ct.TORQUE_ENABLE and value and self._is_shut_down():
                raise Refused(StatusError.RESULT_FAIL)
        return writes

    def write(self, address: int, data: bytes) -> None:
        """Set registers, all or none.

        Raises:
            Refused: with the status error the servo answers.
        """
        for register, value in self.check(address, data):
            self.memory[register] = value
            self._obey(register, value)

    def notice(self) -> None:
        """The servo heard an instruction: the bus watchdog begins anew."""
        self._silence = 0.0

    def hold(self) -> None:
        """Make the position of this moment the goal, at once."""
        self._hold_here()

    def power_cycle(self) -> None:
        """Off and on again, cooled down and awake at once; the EEPROM stays."""
        self.motor.cool()
        self._start_up()
        self.is_awake = True

    def reboot(self) -> None:
        """Start anew, deaf for a moment: torque off, errors cleared, the registers outside the EEPROM as when new."""
        self.num_reboots += 1
        self.motor.overload = 0.0
        self._start_up()
        self.is_awake = False

    def raise_error(self, error: HardwareError) -> None:
        """Note a hardware error; the torque goes off where Shutdown names it."""
        self.memory[ct.HARDWARE_ERROR_STATUS] = int(self.errors | error)
        if self._is_shut_down():
            self._release()

    def update(self, dt: float, angle: float, speed: float, voltage: float) -> float:
        """Live for `dt` [s] with the joint at `angle` [rad] turning at `speed` [rad/s] on `voltage` [V].

        Returns:
            Torque on the joint [Nm].
        """
        self._joint_angle, self._joint_speed, self._voltage = angle, speed, voltage
        if voltage < BROWN_OUT:
            self.reboot()
            return self.motor.release(dt)
        self._time += dt
        self._measure()
        if not self.is_awake:
            self.is_awake = self._time >= BOOT_SECONDS
            return self.motor.release(dt)
        if self._mode is None:
            torque = self.motor.release(dt)
        else:
            duty = max(-self._pwm_limit, min(self._pwm_limit, self._regulate(dt))) / ct.PWM_MAX
            self._duty = duty
            torque = self._direction * self.motor.drive(dt, duty, self._direction * speed, voltage)
            self._watch_bus(dt)
        self._protect()
        return torque

    def _provision(self) -> None:
        description, memory = self.description, self.memory
        memory[ct.ID] = description.id
        memory[ct.BAUD_RATE] = 3
        memory[ct.RETURN_DELAY_TIME] = 0
        memory[ct.MIN_POSITION_LIMIT] = description.low_count
        memory[ct.MAX_POSITION_LIMIT] = description.high_count
        memory[ct.DRIVE_MODE] = int(DriveMode.TIME_PROFILE) | int(description.is_reversed)
        if description.follows is not None:
            memory[ct.SECONDARY_ID] = description.follows

    def _start_up(self) -> None:
        memory = self.memory
        memory.buffer[ct.TORQUE_ENABLE.address :] = bytes(len(memory.buffer) - ct.TORQUE_ENABLE.address)
        memory[ct.STATUS_RETURN_LEVEL] = 2
        self._mode: OperatingMode | None = None  # the one it works in, None without torque
        self._time = self._silence = self._duty = 0.0
        self._turns = 0.0  # whole turns that are not counted [count]
        self._profile: Profile = step(0.0)
        self._profile_begun = 0.0
        self._velocity_goal = self._velocity_plan = 0.0  # of velocity control [0.229 rpm]
        self._measure()
        self._enter_mode()

    def _enter_mode(self) -> None:
        """What a change of Operating_Mode resets."""
        memory = self.memory
        mode = OperatingMode(memory[ct.OPERATING_MODE])
        p, i, d = self.model.position_gains
        memory[ct.POSITION_P_GAIN], memory[ct.POSITION_I_GAIN], memory[ct.POSITION_D_GAIN] = p, i, d
        memory[ct.VELOCITY_P_GAIN], memory[ct.VELOCITY_I_GAIN] = self.model.velocity_gains
        memory[ct.PROFILE_VELOCITY] = memory[ct.PROFILE_ACCELERATION] = 0
        memory[ct.GOAL_PWM] = 0 if mode == OperatingMode.PWM else memory[ct.PWM_LIMIT]
        memory[ct.GOAL_CURRENT] = 0 if mode == OperatingMode.CURRENT else memory[ct.CURRENT_LIMIT]
        memory[ct.GOAL_VELOCITY] = 0
        self._set_gains()
        self._forget_turns()
        self._hold_here()

    def _obey(self, register: Register, value: int) -> None:
        if register is ct.TORQUE_ENABLE:
            self._energise() if value else self._release()
        elif register is ct.GOAL_POSITION:
            self._wake_up()
            self._plan()
        elif register is ct.GOAL_VELOCITY:
            self._velocity_goal = float(value)
            self._wake_up()
        elif register is ct.OPERATING_MODE:
            self._enter_mode()
        elif register in (ct.DRIVE_MODE, ct.HOMING_OFFSET):
            self._measure()
            self._hold_here()
        elif register is ct.BUS_WATCHDOG:
            self._silence = 0.0
        elif register is ct.PWM_LIMIT:
            self.memory[ct.GOAL_PWM] = max(-value, min(value, self.memory[ct.GOAL_PWM]))
        elif ct.VELOCITY_I_GAIN.address <= register.address <= ct.POSITION_P_GAIN.address:
            self._set_gains()
        self._pwm_limit = self._largest_pwm()

    def _set_gains(self) -> None:
        memory = self.memory
        self._position_regulator.set_gains(
            memory[ct.POSITION_P_GAIN], memory[ct.POSITION_I_GAIN], memory[ct.POSITION_D_GAIN]
        )
        self._velocity_regulator.set_gains(memory[ct.VELOCITY_P_GAIN], memory[ct.VELOCITY_I_GAIN])

    def _energise(self) -> None:
        if self._mode is not None:
            return
        self._position_regulator.reset()
        self._velocity_regulator.reset()
        self._forget_turns()
        self._hold_here()
        self._velocity_goal = self._velocity_plan = 0.0
        self._silence = 0.0
        self._mode = OperatingMode(self.memory[ct.OPERATING_MODE])
        self._pwm_limit = self._largest_pwm()

    def _release(self) -> None:
        self.memory[ct.TORQUE_ENABLE] = 0
        self._mode, self._duty = None, 0.0

    def _wake_up(self) -> None:
        """Torque On by Goal Update, bit 3 of Drive_Mode."""
        if self._mode is None and self.memory[ct.DRIVE_MODE] & 8 and not self._is_shut_down():
            goal = self.memory[ct.GOAL_POSITION]
            self.memory[ct.TORQUE_ENABLE] = 1
            self._energise()
            self.memory[ct.GOAL_POSITION] = goal

    def _hold_here(self) -> None:
        goal = max(-(2**31), min(2**31 - 1, round(self._position)))
        self.memory[ct.GOAL_POSITION] = goal
        self._profile, self._profile_begun = step(float(goal)), self._time
        self._pwm_limit = self._largest_pwm()

    def _largest_pwm(self) -> float:
        memory = self.memory
        if memory[ct.OPERATING_MODE] == OperatingMode.PWM:
            return float(memory[ct.PWM_LIMIT])
        return float(min(memory[ct.PWM_LIMIT], abs(memory[ct.GOAL_PWM])))

    def _plan(self) -> None:
        """Begin the move to Goal_Position from where the plan is; the goal it has already changes nothing."""
        if self._mode not in _POSITION_MODES:
            return
        memory = self.memory
        goal = float(memory[ct.GOAL_POSITION])
        if goal == self._profile.goal:
            return
        start, velocity = self._profile.at(self._time - self._profile_begun)
        speed, acceleration = memory[ct.PROFILE_VELOCITY], memory[ct.PROFILE_ACCELERATION]
        limit = memory[ct.VELOCITY_LIMIT] * VELOCITY_COUNTS
        if memory[ct.DRIVE_MODE] & DriveMode.TIME_PROFILE:
            self._profile = time_profile(
                start, velocity, goal, duration=speed * 1e-3, acceleration_time=acceleration * 1e-3, limit=limit
            )
        else:
            self._profile = velocity_profile(
                start,
                velocity,
                goal,
                limit=min(speed * VELOCITY_COUNTS, limit),
                acceleration=acceleration * ACCELERATION_COUNTS,
            )
        self._profile_begun = self._time

    def _measure(self) -> None:
        memory = self.memory
        reversed_ = -1.0 if memory.buffer[ct.DRIVE_MODE.address] & DriveMode.REVERSE else 1.0
        self._direction = self._mounting * reversed_
        self._actual = wx250s.ZERO_COUNT + self._direction * self._joint_angle / wx250s.COUNT
        self._position = self._actual - self._turns + memory[ct.HOMING_OFFSET]
        self._velocity = self._direction * self._joint_speed / ct.VELOCITY_UNIT

    def _forget_turns(self) -> None:
        turn = wx250s.COUNTS_PER_TURN
        self._turns = math.floor(self._actual / turn) * turn
        self._measure()

    def _regulate(self, dt: float) -> float:
        """PWM, unbounded."""
        mode, memory = self._mode, self.memory
        if mode in _POSITION_MODES:
            planned, _ = self._profile.at(self._time - self._profile_begun)
            pwm = self._position_regulator.output(planned - self._position, dt)
            if mode != OperatingMode.CURRENT_BASED_POSITION:
                return pwm
            bound = abs(memory[ct.GOAL_CURRENT]) * ct.CURRENT_UNIT * 1e-3
            speed = self._direction * self._joint_speed
            low, high = (self.motor.duty_for(c, speed, self._voltage) * ct.PWM_MAX for c in (-bound, bound))
            return max(low, min(high, pwm))
        if mode == OperatingMode.PWM:
            return float(memory[ct.GOAL_PWM])
        if mode == OperatingMode.VELOCITY:
            gain = memory[ct.PROFILE_ACCELERATION] * ACCELERATION_COUNTS / VELOCITY_COUNTS * dt
            change = self._velocity_goal - self._velocity_plan
            self._velocity_plan += max(-gain, min(gain, change)) if gain else change
            return self._velocity_regulator.output(self._velocity_plan - self._velocity, dt)
        current = memory[ct.GOAL_CURRENT] * ct.CURRENT_UNIT * 1e-3
        return self.motor.duty_for(current, self._direction * self._joint_speed, self._voltage) * ct.PWM_MAX

    def _watch_bus(self, dt: float) -> None:
        watchdog = self.memory[ct.BUS_WATCHDOG]
        if watchdog <= 0:
            return
        self._silence += dt
        if self._silence > watchdog * WATCHDOG_UNIT:
            self._hold_here()
            self._velocity_goal = 0.0
            memory = self.memory
            memory[ct.PROFILE_ACCELERATION] = memory[ct.PROFILE_VELOCITY] = 0
            memory[ct.GOAL_VELOCITY] = memory[ct.GOAL_CURRENT] = 0
            if self._mode == OperatingMode.PWM:
                memory[ct.GOAL_PWM] = 0
            memory[ct.BUS_WATCHDOG] = -1

    def _protect(self) -> None:
        memory, motor = self.memory, self.motor
        if motor.overload > self.model.overload_seconds:
            self.raise_error(HardwareError.OVERLOAD)
        if motor.temperature > memory.buffer[ct.TEMPERATURE_LIMIT.address]:
            self.raise_error(HardwareError.OVERHEATING)
        decivolts = self._voltage / ct.VOLTAGE_UNIT
        if not memory[ct.MIN_VOLTAGE_LIMIT] <= decivolts <= memory[ct.MAX_VOLTAGE_LIMIT]:
            self.raise_error(HardwareError.INPUT_VOLTAGE)

    def _is_shut_down(self) -> bool:
        return bool(self.memory[ct.HARDWARE_ERROR_STATUS] & self.memory[ct.SHUTDOWN])

    def _refresh(self) -> None:
        """Pack the readings into the memory."""
        memory, motor = self.memory, self.motor
        elapsed = self._time - self._profile_begun
        planned, speed = self._profile.at(elapsed)
        is_under_way = self._mode in _POSITION_MODES and elapsed < self._profile.duration
        is_moving = is_under_way or abs(self._velocity) > memory[ct.MOVING_THRESHOLD]
        status = 0
        if self._mode in _POSITION_MODES:
            status = (abs(self._profile.goal - self._position) < _ARRIVED) | is_under_way << 1
            status |= (abs(planned - self._position) > _FOLLOWING) << 3 | self._profile.shape << 4
        if self._mode == OperatingMode.VELOCITY:
            planned, speed = 0.0, self._velocity_plan * VELOCITY_COUNTS
        effort = motor.current * 1e3 / ct.CURRENT_UNIT if self.model.has_current_sensor else motor.load * 1e3
        _READINGS.pack_into(
            memory.buffer,
            ct.REALTIME_TICK.address,
            int(self._time * 1e3) % 32_768,
            is_moving,
            status,
            round(self._duty * ct.PWM_MAX),
            round(max(-32_768, min(32_767, effort))),
            round(self._velocity),
            math.floor(self._position),
            round(speed / VELOCITY_COUNTS),
            round(planned),
            round(self._voltage / ct.VOLTAGE_UNIT),
            round(motor.temperature),
        )
