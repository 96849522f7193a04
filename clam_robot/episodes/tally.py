"""Counts what an episode's attributes say of its rows, while they pass."""

import math

import numpy as np

from clam_robot.episodes import schema
from clam_robot.episodes.attributes import RecordingStatistics
from clam_robot.episodes.row import Row
from clam_robot.types import EpisodeOutcome


class Tally:
    """Running counts over rows.

    Attributes:
        length: rows so far.
        num_labeled: rows whose action may be used as a label.
    """

    def __init__(self) -> None:
        self.length = 0
        self.num_labeled = 0
        self._gaps: list[int] = []
        self._max_skew: float | None = None
        self._first_time = math.nan
        self._last_time = math.nan

    def add(self, row: Row) -> None:
        """Count a row."""
        time = float(row.values[schema.TIME])
        if row.num_dropped:
            self._gaps.append(self.length)
        if self.length == 0:
            self._first_time = time
        self._last_time = time
        self.length += 1
        self.num_labeled += bool(row.values[schema.ACTION_LABELED])
        for camera in row.frames:
            skew = abs(float(row.values[schema.image_time_array(camera)]) - time)
            if math.isfinite(skew):
                self._max_skew = max(skew, self._max_skew or 0.0)

    def statistics(self, outcome: EpisodeOutcome, *, num_dropped: int) -> RecordingStatistics:
        """What was counted, beside what the loop counted."""
        p50, p95 = np.percentile(outcome.infer_ms, (50, 95)).tolist() if outcome.infer_ms else (None, None)
        return RecordingStatistics(
            achieved_hz=outcome.achieved_hz if math.isfinite(outcome.achieved_hz) else None,
            duration=self._last_time - self._first_time if self.length else 0.0,
            num_overruns=outcome.num_overruns,
            num_limited=outcome.num_limited,
            num_held=outcome.num_held,
            num_dropped=num_dropped,
            gaps=tuple(self._gaps),
            max_skew=self._max_skew,
            infer_ms_p50=p50,
            infer_ms_p95=p95,
        )
