"""The electric motor in a servo: torque from voltage, and how it warms up and wears its overload protection down."""

from sim.widowx.servo_model import ServoModel

AMBIENT = 25.0  # [degree C]


class Motor:
    """A DC motor with its gears, seen at the horn. Directions are those of the servo's registers.

    Attributes:
        current: through the winding [A].
        torque: at the horn, before the gears' friction [Nm].
        temperature: of the winding [degree C].
        overload: time integral of the load above the rated one, never below zero [s].
    """

    def __init__(self, model: ServoModel) -> None:
        self._resistance = model.resistance
        self._torque_constant = model.torque_constant
        self._speed_constant = model.speed_constant
        self._heat_capacity, self._heat_resistance = model.heat_capacity, model.heat_resistance
        self._stall_torque, self._rated_load = model.stall_torque, model.rated_load
        self.cool()

    @property
    def load(self) -> float:
        """Torque as a share of the stall torque [-1 .. 1]."""
        return self.torque / self._stall_torque

    def duty_for(self, current: float, speed: float, voltage: float) -> float:
        """Duty cycle, unbounded, that drives `current` [A] at `speed` [rad/s] from `voltage` [V]."""
        return (current * self._resistance + self._speed_constant * speed) / voltage if voltage > 0.0 else 0.0

    def drive(self, dt: float, duty: float, speed: float, voltage: float) -> float:
        """Apply a share of the supply [-1 .. 1] for `dt` [s] while the horn turns at `speed` [rad/s].

        Returns:
            Torque [Nm].
        """
        self.current = (duty * voltage - self._speed_constant * speed) / self._resistance
        self.torque = self._torque_constant * self.current
        self._wear(dt)
        return self.torque

    def release(self, dt: float) -> float:
        """Let it turn freely for `dt` [s].

        Returns:
            Torque, zero [Nm].
        """
        self.current = self.torque = 0.0
        self._wear(dt)
        return 0.0

    def cool(self) -> None:
        """As after a long rest."""
        self.temperature = AMBIENT
        self.current = self.torque = self.overload = 0.0

    def _wear(self, dt: float) -> None:
        heat = self.current * self.current * self._resistance
        cooling = (self.temperature - AMBIENT) / self._heat_resistance
        self.temperature += (heat - cooling) / self._heat_capacity * dt
        overload = self.overload + (abs(self.torque) / self._stall_torque - self._rated_load) * dt
        self.overload = overload if overload > 0.0 else 0.0
