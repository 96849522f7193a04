"""A script that keeps its grasp."""

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64

from sim.metaworld_robot import STATE

HAND, OBJECT = STATE.points["hand"], STATE.points["object"]
OPENING = STATE.index("gripper_opening")
# Fingers that move less in a control period [share of the opening] have closed on something.
STILL = 0.02
EMPTY = 0.05
# Fingers that are as wide open as this have not yet begun to close.
OPEN = 0.9
# An object that has moved further in the hand is lost [m].
LOST = 0.03


@runtime_checkable
class Script(Protocol):
    """One of MetaWorld's scripted policies."""

    def get_action(self, obs: Float64[np.ndarray, "39"]) -> np.ndarray:
        """(4,) action."""
        ...


class SteadyGrasp:
    """Tells a script that what it holds stands where it was grasped, a little nearer to the hand.

    Scripts go by the distance between hand and object. One that grasps as soon as a threshold is crossed lets go, or
    presses what it carries onto the table, when the object slips back over the threshold by a millimetre.

    Args:
        script: decides.
        margin: how much nearer the object is said to be, on each axis [m].
    """

    def __init__(self, script: Script, *, margin: float) -> None:
        self._script = script
        self._margin = margin
        self._held_at: np.ndarray | None = None
        self._opening = 1.0
        self._is_closing = False

    def reset(self) -> None:
        """Begin an episode with an empty hand."""
        self._held_at, self._opening, self._is_closing = None, 1.0, False

    def get_action(self, obs: Float64[np.ndarray, "39"]) -> np.ndarray:
        """(4,) action of the script."""
        at = obs[OBJECT] - obs[HAND]
        opening = float(obs[OPENING])
        if self._held_at is not None and (not self._is_closing or np.abs(at - self._held_at).max() > LOST):
            self._held_at = None
        has_stopped = abs(opening - self._opening) < STILL and EMPTY < opening < OPEN
        if self._is_closing and self._held_at is None and has_stopped:
            self._held_at = at
        self._opening = opening
        if self._held_at is not None:
            nearer = np.maximum(np.abs(self._held_at) - self._margin, 0.0) * np.sign(self._held_at)
            obs = obs.copy()
            obs[OBJECT] = obs[HAND] + nearer
        action = self._script.get_action(obs)
        self._is_closing = bool(action[3] > 0)
        return action
