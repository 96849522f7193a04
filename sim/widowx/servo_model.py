"""The two kinds of servo in the arm: how strong and fast they are, and what their registers hold when new.

Source: the maker's e-Manual, XM430-W350 and XL430-W250, at 12 V. The maker does not say when a load counts as an
overload nor how fast a servo warms up: `rated_load`, `overload_seconds`, `heat_capacity` and `heat_resistance` are
chosen so that stalling trips in about two seconds and warms by a few degrees in ten, as users of such arms tell.
"""

import math
from dataclasses import dataclass

from clam_robot.hardware import control_table as ct
from clam_robot.hardware.control_table import OperatingMode
from clam_robot.hardware.wx250s import XL430, XM430

NOMINAL_VOLTAGE = 12.0  # [V]
FIRMWARE = 45


@dataclass(frozen=True, kw_only=True)
class ServoModel:
    """One kind of servo.

    Attributes:
        name: the maker's.
        number: Model_Number.
        stall_torque: at the nominal voltage [Nm].
        stall_current: at the nominal voltage [A].
        no_load_speed: at the nominal voltage [rad/s].
        standby_current: of its electronics [A].
        has_current_sensor: whether it measures and controls current; without, it estimates its load.
        modes: operating modes it knows.
        rated_load: share of the stall torque it bears for ever.
        overload_seconds: time integral of the load above the rated one that trips the overload protection [s].
        heat_capacity: of the motor [J/K].
        heat_resistance: from the motor to the air [K/W].
        values: register values of a new servo that are not zero.
        position_gains: P, I and D of position control when new.
        velocity_gains: P and I of velocity control when new.
    """

    name: str
    number: int
    stall_torque: float
    stall_current: float
    no_load_speed: float
    standby_current: float
    has_current_sensor: bool
    modes: frozenset[OperatingMode]
    rated_load: float
    overload_seconds: float
    heat_capacity: float
    heat_resistance: float
    values: dict[str, int]
    position_gains: tuple[int, int, int]
    velocity_gains: tuple[int, int]

    @property
    def resistance(self) -> float:
        """Of the winding [ohm]."""
        return NOMINAL_VOLTAGE / self.stall_current

    @property
    def torque_constant(self) -> float:
        """Torque at the horn per current [Nm/A]."""
        return self.stall_torque / self.stall_current

    @property
    def speed_constant(self) -> float:
        """Back-EMF per speed of the horn [V s/rad]."""
        return NOMINAL_VOLTAGE / self.no_load_speed


_COMMON = {
    ct.FIRMWARE_VERSION.name: FIRMWARE,
    ct.BAUD_RATE.name: 1,
    ct.RETURN_DELAY_TIME.name: 250,
    ct.OPERATING_MODE.name: int(OperatingMode.POSITION),
    ct.SECONDARY_ID.name: 255,
    ct.PROTOCOL_TYPE.name: 2,
    ct.MOVING_THRESHOLD.name: 10,
    ct.PWM_LIMIT.name: ct.PWM_MAX,
    ct.MAX_POSITION_LIMIT.name: 4095,
    ct.SHUTDOWN.name: 52,
    ct.STATUS_RETURN_LEVEL.name: 2,
}
_RPM = 2.0 * math.pi / 60.0

MODELS = {
    XM430: ServoModel(
        name=XM430,
        number=ct.MODEL_NUMBERS[XM430],
        stall_torque=4.1,
        stall_current=2.3,
        no_load_speed=46 * _RPM,
        standby_current=0.04,
        has_current_sensor=True,
        modes=frozenset(OperatingMode),
        rated_load=0.5,
        overload_seconds=1.0,
        heat_capacity=60.0,
        heat_resistance=7.0,
        values=_COMMON
        | {
            ct.MODEL_NUMBER.name: ct.MODEL_NUMBERS[XM430],
            ct.TEMPERATURE_LIMIT.name: 80,
            ct.MAX_VOLTAGE_LIMIT.name: 160,
            ct.MIN_VOLTAGE_LIMIT.name: 95,
            ct.CURRENT_LIMIT.name: 1193,
            ct.VELOCITY_LIMIT.name: 350,
        },
        position_gains=(800, 0, 0),
        velocity_gains=(100, 1920),
    ),
    XL430: ServoModel(
        name=XL430,
        number=ct.MODEL_NUMBERS[XL430],
        stall_torque=1.5,
        stall_current=1.4,
        no_load_speed=61 * _RPM,
        standby_current=0.052,
        has_current_sensor=False,
        modes=frozenset(OperatingMode) - {OperatingMode.CURRENT, OperatingMode.CURRENT_BASED_POSITION},
        rated_load=0.3,
        overload_seconds=1.4,
        heat_capacity=45.0,
        heat_resistance=9.0,
        values=_COMMON
        | {
            ct.MODEL_NUMBER.name: ct.MODEL_NUMBERS[XL430],
            ct.TEMPERATURE_LIMIT.name: 72,
            ct.MAX_VOLTAGE_LIMIT.name: 140,
            ct.MIN_VOLTAGE_LIMIT.name: 60,
            ct.VELOCITY_LIMIT.name: 265,
        },
        position_gains=(640, 0, 4000),
        velocity_gains=(100, 1000),
    ),
}
