"""Commands that nothing ends: a PWM or a velocity goes on until the next one, also when nobody is left to send it.

A gripper that was closing when its client died would press on until its overload protection trips; a joint that was
turning would turn into its stop.
"""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.hardware.control_table import PWM_MAX, Register
from clam_robot.hardware.wx250s import GRIPPER
from clam_robot.hardware.xs_groups import MODES, MOTORS
from clam_robot.timing import Clock

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class SilenceConfig(config.Strict):
    """What becomes of the last command when whoever sent it falls silent.

    Attributes:
        ease_after: silence after which a gripper that presses is eased, and a joint that turns at a given speed stopped
            [s]; None lets them go on for ever, as the vendor's node does.
        held_effort: that is left to the gripper, so that it keeps what it holds, as a share of full PWM [0 .. 1].
    """

    ease_after: float | None = 2.0
    held_effort: float = 0.2

    def __post_init__(self) -> None:
        if self.ease_after is not None and not 0.0 < self.ease_after < math.inf:
            raise ConfigError(f"ease_after: expected seconds above 0, or none, found {self.ease_after}")
        if not 0.0 <= self.held_effort <= 1.0:
            raise ConfigError(f"held_effort: expected 0 to 1, found {self.held_effort}")


class UnheldGoals:
    """Remembers the last command of the gripper in its mode "pwm", and of every motor in the mode "velocity".

    Others are left alone: positions are held, and a joint of the arm whose PWM or current went would fall. Not to be
    used by two threads at once.

    Args:
        clock: real.
        setup: when and how far they are eased.
    """

    def __init__(self, clock: Clock, setup: SilenceConfig) -> None:
        self._clock, self._setup = clock, setup
        self._last: dict[str, tuple[float, str, int]] = {}

    def note(self, joint: str, mode: str, goal: int) -> None:
        """A command was given now.

        Args:
            joint: name of the motor.
            mode: a key of `MODES`.
            goal: counts.
        """
        if mode == "velocity" or (mode == "pwm" and joint == GRIPPER):
            self._last[joint] = (self._clock.now(), mode, goal)
        else:
            self.forget(joint)

    def forget(self, joint: str) -> None:
        """Its goal is another by now: the mode was changed, or the torque was off."""
        self._last.pop(joint, None)

    def ease(self, *, at_once: bool = False) -> Mapping[Register, Mapping[int, int]]:
        """Goals for those that nobody has repeated for long enough, or for all of them; each is told once."""
        goals: dict[Register, dict[int, int]] = {}
        patience = self._setup.ease_after
        for joint, (since, mode, goal) in list(self._last.items()):
            if patience is None or not (at_once or self._clock.now() - since > patience):
                continue
            del self._last[joint]
            limit = 0 if mode == "velocity" else round(self._setup.held_effort * PWM_MAX)
            eased = max(-limit, min(limit, goal))
            if eased != goal:
                goals.setdefault(MODES[mode].goal, {})[MOTORS[joint]] = eased
                _log.warning("nobody commands the %s any more: its %s goes from %d to %d", joint, mode, goal, eased)
        return goals
