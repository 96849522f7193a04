"""How long true joints go on moving."""

from sim.widowx.arm_physics import ArmPhysics


class RestTimer:
    """Observes an `ArmPhysics` from now on.

    Args:
        physics: of the arm.
        still: a joint that is slower is at rest [rad/s].
    """

    def __init__(self, physics: ArmPhysics, still: float) -> None:
        self._physics, self._still = physics, still
        self.begin()
        physics.observers.append(self._observe)

    def begin(self) -> None:
        """Count from now."""
        self._begin = self._last = self._physics.time

    @property
    def seconds(self) -> float:
        """From the beginning to the last moment at which a joint moved [s]."""
        return self._last - self._begin

    def _observe(self) -> None:
        velocity = self._physics.arm_velocity
        if max(velocity.max(), -velocity.min()) >= self._still:
            self._last = self._physics.time
