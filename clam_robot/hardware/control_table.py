"""Registers of Dynamixel X-series servos, Protocol 2.0. Source: the maker's e-Manual, XM430-W350 and XL430-W250."""

import math
from dataclasses import dataclass
from enum import IntEnum, IntFlag

MODEL_NUMBERS = {"XM430-W350": 1020, "XL430-W250": 1060}

VELOCITY_UNIT = 0.229 * 2.0 * math.pi / 60.0  # [rad/s]
CURRENT_UNIT = 2.69  # [mA]
VOLTAGE_UNIT = 0.1  # [V]
PWM_MAX = 885  # 100 %


@dataclass(frozen=True)
class Register:
    """Where a value lives.

    Attributes:
        name: as in the e-Manual.
        address: first byte.
        size: bytes, little-endian.
        is_signed: two's complement.
        is_eeprom: kept without power; refuses writes while torque is on.
        is_writable: whether it can be written at all.
    """

    name: str
    address: int
    size: int
    is_signed: bool = False
    is_eeprom: bool = False
    is_writable: bool = True


MODEL_NUMBER = Register("Model_Number", 0, 2, is_eeprom=True, is_writable=False)
MODEL_INFORMATION = Register("Model_Information", 2, 4, is_eeprom=True, is_writable=False)
FIRMWARE_VERSION = Register("Firmware_Version", 6, 1, is_eeprom=True, is_writable=False)
ID = Register("ID", 7, 1, is_eeprom=True)
BAUD_RATE = Register("Baud_Rate", 8, 1, is_eeprom=True)
RETURN_DELAY_TIME = Register("Return_Delay_Time", 9, 1, is_eeprom=True)
DRIVE_MODE = Register("Drive_Mode", 10, 1, is_eeprom=True)
OPERATING_MODE = Register("Operating_Mode", 11, 1, is_eeprom=True)
SECONDARY_ID = Register("Secondary_ID", 12, 1, is_eeprom=True)
PROTOCOL_TYPE = Register("Protocol_Type", 13, 1, is_eeprom=True)
HOMING_OFFSET = Register("Homing_Offset", 20, 4, is_signed=True, is_eeprom=True)
MOVING_THRESHOLD = Register("Moving_Threshold", 24, 4, is_eeprom=True)
TEMPERATURE_LIMIT = Register("Temperature_Limit", 31, 1, is_eeprom=True)
MAX_VOLTAGE_LIMIT = Register("Max_Voltage_Limit", 32, 2, is_eeprom=True)
MIN_VOLTAGE_LIMIT = Register("Min_Voltage_Limit", 34, 2, is_eeprom=True)
PWM_LIMIT = Register("PWM_Limit", 36, 2, is_eeprom=True)
CURRENT_LIMIT = Register("Current_Limit", 38, 2, is_eeprom=True)
VELOCITY_LIMIT = Register("Velocity_Limit", 44, 4, is_eeprom=True)
MAX_POSITION_LIMIT = Register("Max_Position_Limit", 48, 4, is_eeprom=True)
MIN_POSITION_LIMIT = Register("Min_Position_Limit", 52, 4, is_eeprom=True)
SHUTDOWN = Register("Shutdown", 63, 1, is_eeprom=True)
TORQUE_ENABLE = Register("Torque_Enable", 64, 1)
LED = Register("LED", 65, 1)
STATUS_RETURN_LEVEL = Register("Status_Return_Level", 68, 1)
REGISTERED_INSTRUCTION = Register("Registered_Instruction", 69, 1, is_writable=False)
HARDWARE_ERROR_STATUS = Register("Hardware_Error_Status", 70, 1, is_writable=False)
VELOCITY_I_GAIN = Register("Velocity_I_Gain", 76, 2)
VELOCITY_P_GAIN = Register("Velocity_P_Gain", 78, 2)
POSITION_D_GAIN = Register("Position_D_Gain", 80, 2)
POSITION_I_GAIN = Register("Position_I_Gain", 82, 2)
POSITION_P_GAIN = Register("Position_P_Gain", 84, 2)
FEEDFORWARD_2ND_GAIN = Register("Feedforward_2nd_Gain", 88, 2)
FEEDFORWARD_1ST_GAIN = Register("Feedforward_1st_Gain", 90, 2)
BUS_WATCHDOG = Register("Bus_Watchdog", 98, 1, is_signed=True)
GOAL_PWM = Register("Goal_PWM", 100, 2, is_signed=True)
GOAL_CURRENT = Register("Goal_Current", 102, 2, is_signed=True)
GOAL_VELOCITY = Register("Goal_Velocity", 104, 4, is_signed=True)
PROFILE_ACCELERATION = Register("Profile_Acceleration", 108, 4)
PROFILE_VELOCITY = Register("Profile_Velocity", 112, 4)
GOAL_POSITION = Register("Goal_Position", 116, 4, is_signed=True)
REALTIME_TICK = Register("Realtime_Tick", 120, 2, is_writable=False)
MOVING = Register("Moving", 122, 1, is_writable=False)
MOVING_STATUS = Register("Moving_Status", 123, 1, is_writable=False)
PRESENT_PWM = Register("Present_PWM", 124, 2, is_signed=True, is_writable=False)
# Current [2.69 mA] of an XM430; an XL430 has no current sensor and gives its load [0.1 %] here.
PRESENT_CURRENT = Register("Present_Current", 126, 2, is_signed=True, is_writable=False)
PRESENT_VELOCITY = Register("Present_Velocity", 128, 4, is_signed=True, is_writable=False)
PRESENT_POSITION = Register("Present_Position", 132, 4, is_signed=True, is_writable=False)
VELOCITY_TRAJECTORY = Register("Velocity_Trajectory", 136, 4, is_writable=False)
POSITION_TRAJECTORY = Register("Position_Trajectory", 140, 4, is_writable=False)
PRESENT_INPUT_VOLTAGE = Register("Present_Input_Voltage", 144, 2, is_writable=False)
PRESENT_TEMPERATURE = Register("Present_Temperature", 146, 1, is_writable=False)

REGISTERS = tuple(each for each in list(globals().values()) if isinstance(each, Register))
BY_NAME = {register.name: register for register in REGISTERS}


class DriveMode(IntFlag):
    """Bits of Drive_Mode."""

    REVERSE = 1
    TIME_PROFILE = 4


class OperatingMode(IntEnum):
    """Values of Operating_Mode. An XL430 has no current control: neither 0 nor 5."""

    CURRENT = 0
    VELOCITY = 1
    POSITION = 3
    EXTENDED_POSITION = 4
    CURRENT_BASED_POSITION = 5
    PWM = 16


class HardwareError(IntFlag):
    """Bits of Hardware_Error_Status; those in Shutdown too take the torque off."""

    INPUT_VOLTAGE = 1
    OVERHEATING = 4
    MOTOR_ENCODER = 8
    ELECTRICAL_SHOCK = 16
    OVERLOAD = 32
