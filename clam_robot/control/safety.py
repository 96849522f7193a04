"""Limits between any policy and the robot. Every rule is a pure function; the limiter applies them in order.

Reasons are short names that end up in logs and in recorded episodes: `not_finite`, `wrong_shape`, `bounds`, `change`,
`no_action`.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from clam_robot import config
from clam_robot.errors import InvalidSpec
from clam_robot.specs import RobotSpec, as_float32

NOT_FINITE = "not_finite"
WRONG_SHAPE = "wrong_shape"
BOUNDS = "bounds"
CHANGE = "change"
NO_ACTION = "no_action"


@dataclass(frozen=True, kw_only=True)
class SafetyConfig(config.Strict):
    """What the limiter enforces beyond the bounds in the robot's spec.

    Attributes:
        max_change: largest change of each action entry from one period to the next, in action units; None for no limit.
    """

    max_change: tuple[float, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class LimitedAction:
    """An action that may be sent.

    Attributes:
        action: (A,), or None: nothing may be sent, the robot has to hold.
        reasons: rules that changed or refused the request, in the order they were applied.
    """

    action: Float32[np.ndarray, "A"] | None
    reasons: tuple[str, ...] = ()


def refusal(action: np.ndarray | None, size: int) -> str | None:
    """Why this action cannot be sent at all, or None when it can be."""
    if action is None:
        return NO_ACTION
    if action.shape != (size,):
        return WRONG_SHAPE
    if not np.isfinite(as_float32(action)).all():
        return NOT_FINITE
    return None


def limit_bounds(
    action: Float32[np.ndarray, "A"], low: Float32[np.ndarray, "A"], high: Float32[np.ndarray, "A"]
) -> Float32[np.ndarray, "A"]:
    """The nearest action within bounds."""
    return np.clip(action, low, high)


def limit_change(
    action: Float32[np.ndarray, "A"],
    previous: Float32[np.ndarray, "A"],
    max_change: Float32[np.ndarray, "A"],
) -> Float32[np.ndarray, "A"]:
    """The nearest action that differs from the previous one by at most `max_change`."""
    with np.errstate(over="ignore"):
        return np.clip(action, previous - max_change, previous + max_change)


class SafetyLimiter:
    """Applies every rule to what a policy asks for, whatever the policy is.

    Raises:
        InvalidSpec: `max_change` does not fit the robot's action.
    """

    def __init__(self, spec: RobotSpec, limits: SafetyConfig | None = None) -> None:
        self._action = spec.action
        limits = limits or SafetyConfig()
        self._max_change: np.ndarray | None = None
        if limits.max_change is not None:
            self._max_change = as_float32(np.asarray(limits.max_change))
            if self._max_change.shape != (len(spec.action),) or not (self._max_change > 0).all():
                raise InvalidSpec(
                    f"max_change: expected {len(spec.action)} positive numbers [{', '.join(spec.action.names)}], "
                    f"found {limits.max_change}"
                )
        self._previous: np.ndarray | None = None

    def reset(self) -> None:
        """Begin an episode: the first action has no predecessor to be compared with."""
        self._previous = None

    def limit(self, requested: np.ndarray | None) -> LimitedAction:
        """What may be sent in place of `requested`; None inside means hold."""
        reason = refusal(requested, len(self._action))
        if reason is not None or requested is None:
            return LimitedAction(action=None, reasons=(reason or NO_ACTION,))
        reasons: list[str] = []
        wanted = as_float32(requested)
        action = limit_bounds(wanted, self._action.low_array, self._action.high_array)
        if not np.array_equal(action, wanted):
            reasons.append(BOUNDS)
        if self._max_change is not None and self._previous is not None:
            calm = limit_change(action, self._previous, self._max_change)
            if not np.array_equal(calm, action):
                reasons.append(CHANGE)
            action = calm
        self._previous = action.copy()
        return LimitedAction(action=action, reasons=tuple(reasons))
