"""Sees grasps, carries, releases and pushes in the states and actions of play, while they happen."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from clam_robot import config
from clam_robot.specs import RobotSpec
from teleop.mapping import turned
from teleop.play_counts import NUM_SPEEDS, PlayCounts
from teleop.play_workspace import PlayBox


@dataclass(frozen=True, kw_only=True)
class PlaySenses(config.Strict):
    """From when on something counts.

    Attributes:
        settled: the gripper is closed this long before it holds something [s].
        empty_opening: fingers that stay farther open than this have something between them; 0 closed .. 1 open.
        reach: hand to object, where the object is measured, within which it may be held or pushed [m].
        carried: farther than this is a carry [m].
        pushed: farther than this is a push [m].
        low: a hand below this height above the box's floor may push what lies there [m].
        regrasped: closed again within this time of opening [s].
        slow: share of full speed up to which a direction is at rest.
        fast: share of full speed from which it is fast.
    """

    settled: float = 0.3
    empty_opening: float = 0.12
    reach: float = 0.08
    carried: float = 0.08
    pushed: float = 0.03
    low: float = 0.06
    regrasped: float = 2.0
    slow: float = 0.08
    fast: float = 0.4


class PlayEvents:
    """Counts one episode.

    Args:
        spec: of the robot; without the point hand nothing is seen of places, without a gripper nothing of grasps.
        box: to be filled.
        senses: thresholds.
        heading: which way the person looks, as a turn about z from the base's x [rad].
        full_speed: (A,) what counts as full speed, in action units.
    """

    def __init__(
        self,
        spec: RobotSpec,
        box: PlayBox,
        senses: PlaySenses,
        *,
        heading: float,
        full_speed: Float[np.ndarray, "A"],
    ) -> None:
        self._box, self._senses, self._heading, self._full_speed = box, senses, heading, full_speed
        self._spec, self._hz = spec, spec.control_hz
        names = spec.action.names
        self._motion = [names.index(name) for name in ("dx", "dy", "dz")] if "dx" in names else []
        self._turns = [names.index(name) for name in ("droll", "dpitch", "dyaw")] if "droll" in names else []
        self._hand, self._object = spec.state.points.get("hand"), spec.state.points.get("object")
        self._opening = spec.state.index(_OPENING) if _OPENING in spec.state.names else None
        self.begin()

    def begin(self) -> None:
        """A new episode."""
        self.counts = PlayCounts()
        self.is_holding = False
        self._was_closed: bool | None = None
        self._num_closed = 0
        self._opened_at: int | None = None
        self._anchor: np.ndarray | None = None
        self._before: tuple[np.ndarray, np.ndarray] | None = None
        self._pushed = 0.0
        self._is_push_counted = False

    def add(self, state: Float[np.ndarray, "S"], action: Float[np.ndarray, "A"]) -> None:
        """One control period."""
        counts = self.counts
        counts.num_steps += 1
        hand = None if self._hand is None else state[self._hand].astype(np.float64)
        thing = None if self._object is None else state[self._object].astype(np.float64)
        is_closed = self._is_closed(action)
        self._see_gripper(is_closed, state, hand, thing)
        if hand is not None:
            cell = self._box.cell_of(hand)
            if cell is not None and cell not in counts.cells:
                counts.cells |= {cell}
            self._see_carry(hand)
            self._see_push(hand, hand if thing is None else thing, is_closed)
        self._see_speed(action)

    def _is_closed(self, action: np.ndarray) -> bool:
        gripper = self._spec.gripper
        if gripper is None:
            return False
        above = bool(action[self._spec.action.index(gripper.action)] > gripper.threshold)
        return above if gripper.closes == "above" else not above

    def _see_gripper(
        self, is_closed: bool, state: np.ndarray, hand: np.ndarray | None, thing: np.ndarray | None
    ) -> None:
        counts, senses = self.counts, self._senses
        is_changed = self._was_closed is not None and is_closed != self._was_closed
        counts.num_transitions += is_changed
        if is_changed and is_closed:
            since = None if self._opened_at is None else (counts.num_steps - self._opened_at) / self._hz
            counts.num_regrasps += since is not None and since <= senses.regrasped
        if is_changed and not is_closed:
            self._opened_at = counts.num_steps
            counts.num_releases += self.is_holding
        self._was_closed = is_closed
        self._num_closed = self._num_closed + 1 if is_closed else 0
        holds = self._num_closed > senses.settled * self._hz
        if self._opening is not None:
            holds = holds and bool(state[self._opening] > senses.empty_opening)
        if hand is not None and thing is not None:
            holds = holds and float(np.linalg.norm(hand - thing)) < senses.reach
        if holds and not self.is_holding:
            counts.num_grasps += 1
            self._anchor = hand
        self.is_holding = holds
        counts.num_held += holds

    def _see_carry(self, hand: np.ndarray) -> None:
        if not self.is_holding or self._anchor is None:
            return
        if float(np.linalg.norm(hand - self._anchor)) > self._senses.carried:
            self.counts.num_carries += 1
            self._anchor = hand

    def _see_push(self, hand: np.ndarray, thing: np.ndarray, is_closed: bool) -> None:
        """What is pushed moves sideways beside a hand that does not hold it; unmeasured, it is guessed at."""
        before, self._before = self._before, (hand, thing)
        moved = 0.0 if before is None else float(np.linalg.norm((thing - before[1])[:2]))
        senses = self._senses
        if self._object is not None:
            may_push = not self.is_holding and float(np.linalg.norm(hand - thing)) < 1.5 * senses.reach
        else:
            may_push = is_closed and not self.is_holding and hand[2] < self._box.low[2] + senses.low
        if not may_push or moved * self._hz < _STILL:
            self._pushed, self._is_push_counted = (
                (0.0, False) if not may_push else (self._pushed, self._is_push_counted)
            )
            return
        self._pushed += moved
        if self._pushed > senses.pushed and not self._is_push_counted:
            self.counts.num_pushes += 1
            self._is_push_counted = True

    def _see_speed(self, action: np.ndarray) -> None:
        share = action / self._full_speed
        if self._motion:
            seen = turned(share[self._motion].astype(np.float64), -self._heading)
            for axis, value in enumerate(seen):
                self.counts.speeds[axis, self._speed(float(value))] += 1
        if self._turns:
            self.counts.num_turning += bool(np.abs(share[self._turns]).max() > self._senses.slow)

    def _speed(self, share: float) -> int:
        edges = (-self._senses.fast, -self._senses.slow, self._senses.slow, self._senses.fast)
        return min(sum(share > edge for edge in edges), NUM_SPEEDS - 1)


_OPENING = "gripper_opening"
# Sideways motion below this is none [m/s].
_STILL = 0.01
