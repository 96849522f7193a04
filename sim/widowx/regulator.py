"""What a servo's firmware does every cycle to reach its goal: PWM from the planned and the measured motion.

Gains are those of the registers, scaled as the e-Manual says (P / 128, I / 65536, D / 16), on errors in counts and
velocity units, summed and differenced per millisecond. The maker publishes no scale for the feedforward gains; they
are kept and have no effect.
"""

from clam_robot.hardware.control_table import PWM_MAX

PERIOD = 1e-3  # for which the integral and derivative gains are meant [s]


class PositionRegulator:
    """PID from position error [count] to PWM, its integral bounded by the output it may ask for."""

    def __init__(self) -> None:
        self._p = self._i = self._d = 0.0
        self._integral = 0.0
        self._previous: float | None = None

    def set_gains(self, p: int, i: int, d: int) -> None:
        """Take the registers' P, I and D."""
        self._p, self._i, self._d = p / 128.0, i / 65_536.0, d / 16.0

    def reset(self) -> None:
        """Forget the past."""
        self._integral, self._previous = 0.0, None

    def output(self, error: float, dt: float) -> float:
        """PWM, unbounded, for the error of this cycle of `dt` [s]."""
        output = self._p * error
        if self._i:
            bound = PWM_MAX / self._i
            self._integral = max(-bound, min(bound, self._integral + error * dt / PERIOD))
            output += self._i * self._integral
        if self._d and self._previous is not None:
            output += self._d * (error - self._previous) * PERIOD / dt
        self._previous = error
        return output


class VelocityRegulator:
    """PI from velocity error [0.229 rpm] to PWM."""

    def __init__(self) -> None:
        self._p = self._i = 0.0
        self._integral = 0.0

    def set_gains(self, p: int, i: int) -> None:
        """Take the registers' P and I."""
        self._p, self._i = p / 128.0, i / 65_536.0

    def reset(self) -> None:
        """Forget the past."""
        self._integral = 0.0

    def output(self, error: float, dt: float) -> float:
        """PWM, unbounded, for the error of this cycle of `dt` [s]."""
        if not self._i:
            return self._p * error
        bound = PWM_MAX / self._i
        self._integral = max(-bound, min(bound, self._integral + error * dt / PERIOD))
        return self._p * error + self._i * self._integral
