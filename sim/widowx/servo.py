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
from sim.widowx.motion_control import POSITION_MODES, VELOCITY_COUNTS, MotionControl
from sim.widowx.motor import Motor
from sim.widowx.packet import StatusError
from sim.widowx.servo_model import MODELS, NOMINAL_VOLTAGE

# By the Baud_Rate register [bit/s].
BAUD_RATES = (9_600, 57_600, 115_200, 1_000_000, 2_000_000, 3_000_000, 4_000_000, 4_500_000)
BROWN_OUT = 5.0  # below this a servo's processor stops [V]
BOOT_SECONDS = 0.25  # from a reboot until it answers
WATCHDOG_UNIT = 0.02  # [s]
_ARRIVED, _FOLLOWING = 10.0, 100.0  # largest errors that count as in position and as following [count]
_READINGS = struct.Struct("<HBBhhiiiiHB")  # Realtime_Tick to Present_Temperature
_TORQUE_ON_BY_GOAL = 8  # bit of Drive_Mode


class EmulatedServo:
    """A servo in its place in the arm, provisioned as the arm's maker ships it, torque off.

    Angles and torques given and returned are the joint's; positions inside are counts in the direction and from the
    zero that the servo's registers have.

    Attributes:
        description: which servo it is.
        model: its kind.
        memory: its registers; readings in them are as old as the last `read`.
        motor: its motor.
        is_awake: whether its processor runs and answers.
        num_reboots: since it was made.
        position: where it is, unquantised [count].
    """

    def __init__(self, description: wx250s.Servo) -> None:
        self.description = description
        self.model = MODELS[description.model]
        self.memory = Memory(self.model)
        self.motor = Motor(self.model)
        self.is_awake = True
        self.num_reboots = 0
        self._mounting = -1.0 if description.is_reversed else 1.0
        self._joint_angle = self._joint_speed = self._offset = 0.0
        self._voltage = NOMINAL_VOLTAGE
        self._provision()
        self._start_up()

    @property
    def id(self) -> int:
        """Its ID register."""
        return self.memory.buffer[ct.ID.address]

    @property
    def baud(self) -> int:
        """Rate it listens and answers at [bit/s]."""
        return BAUD_RATES[self.memory.buffer[ct.BAUD_RATE.address]]

    @property
    def secondary_id(self) -> int:
        """The ID it obeys as well, above 252 for none."""
        return self.memory.buffer[ct.SECONDARY_ID.address]

    @property
    def is_torque_on(self) -> bool:
        """Whether it drives its motor."""
        return self._control.mode is not None

    @property
    def errors(self) -> HardwareError:
        """Hardware errors since the last start."""
        return HardwareError(self.memory[ct.HARDWARE_ERROR_STATUS])

    @property
    def power(self) -> float:
        """What it takes from the supply [W]."""
        return (self.model.standby_current + max(0.0, self.motor.current * self._duty)) * self._voltage

    def place(self, angle: float, speed: float = 0.0) -> None:
        """Say where the joint is [rad] and how fast it turns [rad/s], without time passing."""
        self._joint_angle, self._joint_speed = angle, speed
        self._measure()

    def mount(self, offset: float) -> None:
        """Turn its horn: the joint is `offset` [rad] further than the servo says; as it is already changes nothing."""
        if offset == self._offset:
            return
        self._offset = offset
        self._measure()
        self.hold()

    def reverse(self, is_reversed: bool) -> None:
        """Screw it in the other way round than Drive_Mode says, or right again; what it says turns the other way."""
        mounting = -1.0 if self.description.is_reversed != is_reversed else 1.0
        if mounting == self._mounting:
            return
        self._mounting = mounting
        self._configure()
        self.hold()

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

    def clear_turns(self) -> None:
        """Count positions from within the first turn again.

        Raises:
            Refused: it is moving.
        """
        if self._control.is_under_way or abs(self._velocity) > self.memory[ct.MOVING_THRESHOLD]:
            raise Refused(StatusError.RESULT_FAIL)
        self._forget_turns()
        self.hold()

    def hold(self) -> None:
        """Make the position of this moment the goal, at once."""
        goal = max(-(2**31), min(2**31 - 1, round(self.position)))
        self.memory[ct.GOAL_POSITION] = goal
        self._control.hold(float(goal))

    def renew(self) -> None:
        """As delivered: every register, EEPROM too, as at the start; cold, awake, torque off."""
        self.memory = Memory(self.model)
        self.motor.cool()
        self._provision()
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
        if self._control.mode is None:
            torque = self.motor.release(dt)
        else:
            self._duty = self._control.pwm(dt, self.position, self._velocity, voltage) / ct.PWM_MAX
            torque = self._direction * self.motor.drive(dt, self._duty, self._direction * speed, voltage)
            if self._watchdog > 0.0:
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
        buffer = self.memory.buffer
        buffer[ct.TORQUE_ENABLE.address :] = bytes(len(buffer) - ct.TORQUE_ENABLE.address)
        self.memory.forget_indirections()
        self.memory[ct.STATUS_RETURN_LEVEL] = 2
        self._control = MotionControl(self.motor)
        self._time = self._silence = self._duty = 0.0
        self._turns = 0.0  # whole turns that are not counted [count]
        self._enter_mode()

    def _enter_mode(self) -> None:
        """What a change of Operating_Mode resets."""
        memory = self.memory
        mode = OperatingMode(memory[ct.OPERATING_MODE])
        p, i, d = self.model.position_gains
        memory[ct.POSITION_P_GAIN], memory[ct.POSITION_I_GAIN], memory[ct.POSITION_D_GAIN] = p, i, d
        memory[ct.VELOCITY_P_GAIN], memory[ct.VELOCITY_I_GAIN] = self.model.velocity_gains
        memory[ct.PROFILE_VELOCITY] = memory[ct.PROFILE_ACCELERATION] = memory[ct.GOAL_VELOCITY] = 0
        memory[ct.GOAL_PWM] = 0 if mode == OperatingMode.PWM else memory[ct.PWM_LIMIT]
        memory[ct.GOAL_CURRENT] = 0 if mode == OperatingMode.CURRENT else memory[ct.CURRENT_LIMIT]
        self._configure()
        self._forget_turns()
        self.hold()

    def _configure(self) -> None:
        """Take what the servo needs in every cycle from its registers."""
        memory = self.memory
        self._direction = -self._mounting if memory[ct.DRIVE_MODE] & DriveMode.REVERSE else self._mounting
        self._homing_offset = memory[ct.HOMING_OFFSET]
        self._hottest = memory[ct.TEMPERATURE_LIMIT]
        self._lowest_voltage = memory[ct.MIN_VOLTAGE_LIMIT] * ct.VOLTAGE_UNIT
        self._highest_voltage = memory[ct.MAX_VOLTAGE_LIMIT] * ct.VOLTAGE_UNIT
        self._watchdog = memory[ct.BUS_WATCHDOG] * WATCHDOG_UNIT
        self._control.configure(memory)
        self._measure()

    def _obey(self, register: Register, value: int) -> None:
        if register is ct.GOAL_POSITION:
            self._wake_up()
            self._control.go(float(value))
            return
        if register is ct.PWM_LIMIT:
            self.memory[ct.GOAL_PWM] = max(-value, min(value, self.memory[ct.GOAL_PWM]))
        self._configure()
        if register is ct.TORQUE_ENABLE:
            self._energise() if value else self._release()
        elif register is ct.OPERATING_MODE:
            self._enter_mode()
        elif register in (ct.DRIVE_MODE, ct.HOMING_OFFSET):
            self.hold()
        elif register is ct.GOAL_VELOCITY:
            self._wake_up()
        elif register is ct.BUS_WATCHDOG:
            self._silence = 0.0

    def _energise(self) -> None:
        if self._control.mode is None:
            self._forget_turns()
            self.hold()
            self.memory[ct.GOAL_VELOCITY] = 0
            self._configure()
            self._silence = 0.0
            self._control.start(OperatingMode(self.memory[ct.OPERATING_MODE]), float(self.memory[ct.GOAL_POSITION]))

    def _release(self) -> None:
        self.memory[ct.TORQUE_ENABLE] = 0
        self._control.stop()
        self._duty = 0.0

    def _wake_up(self) -> None:
        """Torque On by Goal Update, where Drive_Mode says so."""
        memory = self.memory
        if self.is_torque_on or not memory[ct.DRIVE_MODE] & _TORQUE_ON_BY_GOAL or self._is_shut_down():
            return
        goals = memory[ct.GOAL_POSITION], memory[ct.GOAL_VELOCITY]
        memory[ct.TORQUE_ENABLE] = 1
        self._energise()
        memory[ct.GOAL_POSITION], memory[ct.GOAL_VELOCITY] = goals
        self._configure()

    def _measure(self) -> None:
        self._actual = wx250s.ZERO_COUNT + self._direction * (self._joint_angle - self._offset) / wx250s.COUNT
        self.position = self._actual - self._turns + self._homing_offset
        self._velocity = self._direction * self._joint_speed / ct.VELOCITY_UNIT

    def _forget_turns(self) -> None:
        turn = wx250s.COUNTS_PER_TURN
        self._turns = math.floor(self._actual / turn) * turn
        self._measure()

    def _watch_bus(self, dt: float) -> None:
        self._silence += dt
        if self._silence <= self._watchdog:
            return
        memory = self.memory
        memory[ct.PROFILE_ACCELERATION] = memory[ct.PROFILE_VELOCITY] = 0
        memory[ct.GOAL_VELOCITY] = memory[ct.GOAL_CURRENT] = 0
        if self._control.mode == OperatingMode.PWM:
            memory[ct.GOAL_PWM] = 0
        memory[ct.BUS_WATCHDOG] = -1
        self._configure()
        self.hold()

    def _protect(self) -> None:
        motor = self.motor
        if motor.overload > self.model.overload_seconds:
            self.raise_error(HardwareError.OVERLOAD)
        if motor.temperature > self._hottest:
            self.raise_error(HardwareError.OVERHEATING)
        if not self._lowest_voltage <= self._voltage <= self._highest_voltage:
            self.raise_error(HardwareError.INPUT_VOLTAGE)

    def _is_shut_down(self) -> bool:
        return bool(self.memory[ct.HARDWARE_ERROR_STATUS] & self.memory[ct.SHUTDOWN])

    def _refresh(self) -> None:
        """Pack the readings into the memory."""
        memory, motor, control = self.memory, self.motor, self._control
        planned, speed = control.planned
        is_under_way = control.is_under_way
        is_moving = is_under_way or abs(self._velocity) > memory[ct.MOVING_THRESHOLD]
        status = 0
        if control.mode in POSITION_MODES:
            status = (abs(control.profile.goal - self.position) < _ARRIVED) | is_under_way << 1
            status |= (abs(planned - self.position) > _FOLLOWING) << 3 | control.profile.shape << 4
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
            math.floor(self.position),
            round(speed / VELOCITY_COUNTS),
            round(planned),
            round(self._voltage / ct.VOLTAGE_UNIT),
            min(255, round(motor.temperature)),
        )
