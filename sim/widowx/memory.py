"""The control table of one servo: bytes by address, and which writes it refuses."""

from clam_robot.hardware import control_table as ct
from clam_robot.hardware.control_table import OperatingMode, Register
from sim.widowx import indirect
from sim.widowx.packet import MAX_ID, StatusError
from sim.widowx.servo_model import ServoModel

SIZE = 662
MULTI_TURN = 1_048_575  # largest goal where turns are counted [count]
# By address throughout: numbers are found several times faster than registers, and writes come a thousand a second.
_BY_ADDRESS = {register.address: register for register in (*ct.REGISTERS, *indirect.REGISTERS)}
_CURRENT_REGISTERS = {ct.CURRENT_LIMIT.address, ct.GOAL_CURRENT.address}
# A watchdog that fired locks them.
_GOALS = {each.address for each in (ct.GOAL_PWM, ct.GOAL_CURRENT, ct.GOAL_VELOCITY, ct.GOAL_POSITION)}

_GAIN = (0, 16_383)
_RANGES_BY_REGISTER = {
    ct.ID: (0, MAX_ID),
    ct.BAUD_RATE: (0, 7),
    ct.RETURN_DELAY_TIME: (0, 254),
    ct.DRIVE_MODE: (0, 13),
    ct.PROTOCOL_TYPE: (2, 2),
    ct.HOMING_OFFSET: (-1_044_479, 1_044_479),
    ct.MOVING_THRESHOLD: (0, 1023),
    ct.TEMPERATURE_LIMIT: (0, 100),
    ct.MAX_VOLTAGE_LIMIT: (60, 160),
    ct.MIN_VOLTAGE_LIMIT: (60, 160),
    ct.PWM_LIMIT: (0, ct.PWM_MAX),
    ct.CURRENT_LIMIT: (0, 1193),
    ct.VELOCITY_LIMIT: (0, 1023),
    ct.MAX_POSITION_LIMIT: (0, 4095),
    ct.MIN_POSITION_LIMIT: (0, 4095),
    ct.TORQUE_ENABLE: (0, 1),
    ct.LED: (0, 1),
    ct.STATUS_RETURN_LEVEL: (0, 2),
    ct.VELOCITY_I_GAIN: _GAIN,
    ct.VELOCITY_P_GAIN: _GAIN,
    ct.POSITION_D_GAIN: _GAIN,
    ct.POSITION_I_GAIN: _GAIN,
    ct.POSITION_P_GAIN: _GAIN,
    ct.FEEDFORWARD_1ST_GAIN: _GAIN,
    ct.FEEDFORWARD_2ND_GAIN: _GAIN,
    ct.BUS_WATCHDOG: (0, 127),
    ct.PROFILE_ACCELERATION: (0, 32_767),
    ct.PROFILE_VELOCITY: (0, 32_767),
}
_RANGES = {register.address: limits for register, limits in _RANGES_BY_REGISTER.items()}
_RANGES |= {register.address: indirect.TARGETS for register in indirect.ADDRESSES}
# Registers whose range another register sets.
_LIMITED_BY = {
    ct.GOAL_PWM.address: ct.PWM_LIMIT,
    ct.GOAL_CURRENT.address: ct.CURRENT_LIMIT,
    ct.GOAL_VELOCITY.address: ct.VELOCITY_LIMIT,
}


class Refused(Exception):
    """A servo does not do what an instruction asks.

    Attributes:
        error: what its status packet says.
    """

    def __init__(self, error: StatusError) -> None:
        super().__init__(error.name)
        self.error = error


class Memory:
    """Registers of one servo, new from the factory."""

    def __init__(self, model: ServoModel) -> None:
        self._model = model
        self._bytes = bytearray(SIZE)
        for name, value in model.values.items():
            self[ct.BY_NAME[name]] = value
        self.forget_indirections()

    def forget_indirections(self) -> None:
        """Every indirect address names its own byte, as after power-up."""
        for address, data in zip(indirect.ADDRESSES, indirect.DATA, strict=True):
            self[address] = data.address

    def __getitem__(self, register: Register) -> int:
        """The register's value."""
        begin = register.address
        return int.from_bytes(self._bytes[begin : begin + register.size], "little", signed=register.is_signed)

    def __setitem__(self, register: Register, value: int) -> None:
        """Set it, from inside the servo: nothing is checked but that it fits."""
        begin = register.address
        self._bytes[begin : begin + register.size] = value.to_bytes(register.size, "little", signed=register.is_signed)

    @property
    def buffer(self) -> bytearray:
        """The bytes themselves, to pack readings into."""
        return self._bytes

    def read(self, address: int, size: int) -> bytes:
        """Bytes from `address` on, indirect ones from where they point to; addresses without a register are zero.

        Raises:
            Refused: they end behind the table.
        """
        end = address + size
        if end > SIZE:
            raise Refused(StatusError.ACCESS)
        if end <= indirect.FIRST:
            return bytes(self._bytes[address:end])
        return bytes(self._bytes[self._target(each)] for each in range(address, end))

    def decode(self, address: int, data: bytes) -> list[tuple[Register, int]]:
        """Registers and values that a write would set, each checked by itself.

        Raises:
            Refused: an address without a register, one that cannot be written (now), or a value out of range.
        """
        if not data:
            raise Refused(StatusError.DATA_LENGTH)
        if address + len(data) <= indirect.FIRST:
            return self._decode(address, data)
        return [write for begin, part in self._aim(address, data) for write in self._decode(begin, part)]

    def _decode(self, address: int, data: bytes) -> list[tuple[Register, int]]:
        writes: list[tuple[Register, int]] = []
        begin = 0
        while begin < len(data):
            register = _BY_ADDRESS.get(address + begin)
            if register is None or not self._is_writable(register):
                raise Refused(StatusError.ACCESS)
            chunk = data[begin : begin + register.size]
            if len(chunk) < register.size:
                raise Refused(StatusError.DATA_LENGTH)
            value = int.from_bytes(chunk, "little", signed=register.is_signed)
            self._check(register, value)
            writes.append((register, value))
            begin += register.size
        return writes

    def _target(self, address: int) -> int:
        """Where a byte is kept."""
        pointer = indirect.POINTERS.get(address)
        return address if pointer is None else self[pointer]

    def _aim(self, address: int, data: bytes) -> list[tuple[int, bytes]]:
        """The same bytes by where they are kept, in runs of neighbours."""
        if address + len(data) > SIZE:
            raise Refused(StatusError.ACCESS)
        runs: list[tuple[int, bytearray]] = []
        for offset, byte in enumerate(data):
            target = self._target(address + offset)
            if runs and target == runs[-1][0] + len(runs[-1][1]):
                runs[-1][1].append(byte)
            else:
                runs.append((target, bytearray((byte,))))
        return [(begin, bytes(run)) for begin, run in runs]

    def _is_writable(self, register: Register) -> bool:
        if register.address in _CURRENT_REGISTERS and not self._model.has_current_sensor:
            return False
        return register.is_writable and not (register.is_eeprom and self[ct.TORQUE_ENABLE])

    def _check(self, register: Register, value: int) -> None:
        address = register.address
        if address in _GOALS and self[ct.BUS_WATCHDOG] < 0:
            raise Refused(StatusError.DATA_RANGE)
        if register is ct.OPERATING_MODE:
            if value not in set(self._model.modes):
                raise Refused(StatusError.DATA_RANGE)
        elif register is ct.GOAL_POSITION:
            self._check_goal(value)
        elif address in _LIMITED_BY:
            if abs(value) > self[_LIMITED_BY[address]]:
                raise Refused(StatusError.DATA_LIMIT)
        elif address in _RANGES:
            low, high = _RANGES[address]
            if not low <= value <= high:
                raise Refused(StatusError.DATA_RANGE)

    def _check_goal(self, value: int) -> None:
        if abs(value) > MULTI_TURN:
            raise Refused(StatusError.DATA_RANGE)
        low, high = self[ct.MIN_POSITION_LIMIT], self[ct.MAX_POSITION_LIMIT]
        if self[ct.OPERATING_MODE] == OperatingMode.POSITION and not low <= value <= high:
            raise Refused(StatusError.DATA_LIMIT)
