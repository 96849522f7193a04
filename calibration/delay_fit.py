"""How late a motion is seen: the shift in time under which what was seen follows from where the joints were.

Nothing is resampled: every value is compared with the joints at its own time less the delay, every change with the way
of the joints between its own two times. So jitter, gaps and different rates of the two cost data and bend nothing.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.stats import t as student

from calibration.delay_signals import LEAST_SWING, JointMotion, Sight
from clam_robot.errors import CalibrationError

_STEP = 0.010  # of the first search [s]
_FEWEST_ROWS = 60
_NUM_BLOCKS = 10  # that are left out one by one for the confidence
_OUTLIER = 6.0  # times the usual deviation
# A channel that follows the joints less shows something else [share of its variance].
_LEAST_SHARE = 0.25
_SIDE_PEAK = 0.9  # of the best share, elsewhere: the motion repeats itself
# What no repetition shows, as flow at the edge of what moves: the largest error of rendered pictures
# (`tests/benchmarks/latency_accuracy.py`) [s].
_SYSTEMATIC = 0.002
_DISTINCT = 0.06  # peaks further apart are different ones [s]


@dataclass(frozen=True, kw_only=True)
class DelayConfig:
    """Where a delay is looked for, and what is believed.

    Attributes:
        low: smallest delay [s].
        high: largest [s].
        correlation: least correlation of what was seen with the motion.
        confidence: of the interval.
    """

    low: float = -0.1
    high: float = 0.5
    correlation: float = 0.7
    confidence: float = 0.95


@dataclass(frozen=True, kw_only=True)
class DelayFit:
    """A delay.

    Attributes:
        delay: [s].
        low: lower end of its confidence interval [s].
        high: upper end [s].
        correlation: of what was seen with the motion, multiple, over the channels that show it.
        num_rows: values or changes it rests on.
        num_channels: that show the motion.
    """

    delay: float
    low: float
    high: float
    correlation: float
    num_rows: int
    num_channels: int


def fit_delay(motion: JointMotion, sight: Sight, config: DelayConfig | None = None) -> DelayFit:
    """How late `sight` is against `motion`, both by the stamps they came with.

    Raises:
        CalibrationError: too little motion, too little was seen, it does not follow from the motion, or the motion
            repeats itself; says which and what to do.
    """
    config = config or DelayConfig()
    moving = motion.moving()
    if not moving.position.shape[1]:
        largest = float(motion.swing.max(initial=0.0))
        raise CalibrationError(
            f"{sight.kind}: too little motion: expected a joint to swing by at least {LEAST_SWING:g} rad, the largest "
            f"swing is {largest:.4f} rad; move further, or take another recording"
        )
    sight = sight.within(moving.time[0] + max(config.high, 0.0), moving.time[-1] + min(config.low, 0.0))
    if len(sight.end) < _FEWEST_ROWS:
        raise CalibrationError(
            f"{sight.kind}: expected at least {_FEWEST_ROWS} that were taken while the joints moved, found "
            f"{len(sight.end)}; move longer (--swing.seconds), or take a longer episode"
        )
    grid = np.arange(config.low, config.high + _STEP, _STEP)
    search = _Search(moving, sight)
    shares = np.array([search.shares(each) for each in grid])
    chosen = shares.max(axis=0) > _LEAST_SHARE
    if not chosen.any():
        raise _uncorrelated(sight, float(np.sqrt(max(shares.max(initial=0.0), 0.0))), config)
    search = _Search(moving, sight.channels(chosen))
    rough = float(grid[shares[:, chosen].mean(axis=1).argmax()])
    search = _Search(moving, search.sight.rows(search.good_rows(rough))).weighted(rough)
    misfits = np.array([search.misfit(each) for each in grid])
    best = int(misfits.argmin())
    delay = search.refine(grid[best])
    share = 1.0 - search.misfit(delay)
    if share < config.correlation**2:
        raise _uncorrelated(sight, float(np.sqrt(max(share, 0.0))), config)
    _require_distinct(grid, 1.0 - misfits, best, sight.kind, config)
    low, high = _interval(search, delay, config.confidence)
    return DelayFit(
        delay=delay,
        low=low,
        high=high,
        correlation=float(np.sqrt(share)),
        num_rows=len(search.sight.end),
        num_channels=search.sight.values.shape[1],
    )


class _Search:
    """Misfits of one motion and one sight at any delay."""

    def __init__(self, motion: JointMotion, sight: Sight, weights: np.ndarray | None = None) -> None:
        self.motion, self.sight = motion, sight
        self._values = sight.values if sight.begin is not None else _without(sight.creep(), sight.values)
        power = (self._values**2).sum(axis=0)
        self._power = np.maximum(power, max(1e-6 * power.max(), 1e-30))
        self._weights = np.ones(sight.values.shape[1]) if weights is None else weights

    def _rest(self, delay: float) -> np.ndarray:
        return _without(self.sight.terms(self.motion, delay), self._values)

    def shares(self, delay: float) -> np.ndarray:
        """(C,) of the variance of each channel that the motion explains at this delay."""
        return ((self._values**2).sum(axis=0) - (self._rest(delay) ** 2).sum(axis=0)) / self._power

    def misfit(self, delay: float) -> float:
        """Share of all channels' variance that it does not explain; strong channels count more."""
        rest = (self._rest(delay) ** 2).sum(axis=0) * self._weights
        return float(rest.sum() / (self._power * self._weights).sum())

    def good_rows(self, delay: float) -> np.ndarray:
        """Rows that are not quite unlike the others."""
        size = np.sqrt(((self._rest(delay) ** 2) / self._power).sum(axis=1))
        return size <= _OUTLIER * max(float(np.median(size)), 1e-15)

    def weighted(self, delay: float) -> "_Search":
        """The same, each channel weighed by what it leaves unexplained at this delay."""
        rest = (self._rest(delay) ** 2).mean(axis=0)
        return _Search(self.motion, self.sight, 1.0 / np.maximum(rest, 1e-4 * self._power / len(self.sight.end)))

    def refine(self, near: float, within: float = 1.5 * _STEP) -> float:
        """The best delay near a first guess."""
        found = minimize_scalar(
            self.misfit, bounds=(near - within, near + within), method="bounded", options={"xatol": 1e-5}
        )
        return float(found.x)

    def without(self, rows: np.ndarray) -> "_Search":
        """With some rows left out."""
        kept = np.ones(len(self.sight.end), bool)
        kept[rows] = False
        return _Search(self.motion, self.sight.rows(kept), self._weights)


def _without(terms: np.ndarray, values: np.ndarray) -> np.ndarray:
    """What is left of the values when the terms have explained what they can."""
    basis, sizes, _ = np.linalg.svd(terms, full_matrices=False)
    basis = basis[:, sizes > 1e-9 * sizes[0]]
    return values - basis @ (basis.T @ values)


def _interval(search: _Search, delay: float, confidence: float) -> tuple[float, float]:
    """From how the delay changes as stretches of the recording are left out."""
    blocks = np.array_split(np.arange(len(search.sight.end)), _NUM_BLOCKS)
    others = np.array([search.without(block).refine(delay, 2 * _STEP) for block in blocks])
    spread = float(np.sqrt((_NUM_BLOCKS - 1) * np.mean((others - others.mean()) ** 2)))
    half = float(np.hypot(spread * student.ppf(0.5 + 0.5 * confidence, _NUM_BLOCKS - 1), _SYSTEMATIC))
    return delay - half, delay + half


def _require_distinct(grid: np.ndarray, shares: np.ndarray, best: int, kind: str, config: DelayConfig) -> None:
    if best in (0, len(grid) - 1):
        raise CalibrationError(
            f"{kind}: no delay between {1e3 * config.low:.0f} and {1e3 * config.high:.0f} ms fits best; the clocks of "
            "the two may differ"
        )
    is_peak = (shares[1:-1] >= shares[:-2]) & (shares[1:-1] >= shares[2:])
    others = [grid[i + 1] for i in np.flatnonzero(is_peak) if shares[i + 1] > _SIDE_PEAK * shares[best]]
    away = [each for each in others if abs(each - grid[best]) > _DISTINCT]
    if away:
        raise CalibrationError(
            f"{kind}: {1e3 * grid[best]:.0f} ms and {1e3 * away[0]:.0f} ms fit nearly alike, as the motion repeats "
            "itself; swing a joint irregularly"
        )


def _uncorrelated(sight: Sight, found: float, config: DelayConfig) -> CalibrationError:
    return CalibrationError(
        f"{sight.kind}: correlation with the joints' motion is {found:.2f}, expected at least {config.correlation:g}; "
        "does the motion show there, in good light, and does nothing else move?"
    )
