"""Shorthands for tests that talk to one servo."""

from clam_robot.hardware.control_table import Register
from sim.widowx.servo import EmulatedServo

PERIOD = 0.002  # [s]


def put(servo: EmulatedServo, register: Register, value: int) -> None:
    servo.write(register.address, int(value).to_bytes(register.size, "little", signed=register.is_signed))


def get(servo: EmulatedServo, register: Register) -> int:
    data = servo.read(register.address, register.size)
    return int.from_bytes(data, "little", signed=register.is_signed)


class FreeJoint:
    """A servo that turns a wheel, without MuJoCo."""

    def __init__(self, servo: EmulatedServo, *, inertia: float = 0.02, voltage: float = 12.0) -> None:
        self.servo = servo
        self.inertia = inertia
        self.voltage = voltage
        self.load = 0.0  # [Nm]
        self.angle = self.speed = self.torque = 0.0
        self.is_blocked = False
        servo.place(0.0)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / PERIOD)):
            self.torque = self.servo.update(PERIOD, self.angle, self.speed, self.voltage)
            self.speed += (self.torque + self.load) / self.inertia * PERIOD
            if self.is_blocked:
                self.speed = 0.0
            self.angle += self.speed * PERIOD
