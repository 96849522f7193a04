"""How well the recording goes, while it goes."""

from collections import deque

from clam_robot.control.tally import Pace
from clam_robot.episodes.health import RecordingHealth
from clam_robot.specs import RobotSpec
from clam_robot.types import EpisodeOutcome, EpisodeStart, Step
from teleop.episode_quality import QualityLimits
from teleop.session_state import Gauge

_WINDOW = 3.0  # [s] over which the rate is told
_SKEW = 0.1  # [s] between a row and its frames that is worth a look
_LEAST_DISK = 5.0  # [GB]


class RecordingGauges:
    """A `Subscriber` that counts; `gauges` may be asked from any thread.

    Args:
        spec: of the robot.
        limits: an episode's.
    """

    def __init__(self, spec: RobotSpec, limits: QualityLimits) -> None:
        self._spec, self._limits = spec, limits
        self._forget()

    def on_episode_start(self, start: EpisodeStart) -> None:
        """Begin anew."""
        self._forget()

    def on_step(self, step: Step) -> None:
        """Count a control period."""
        now = step.observation.time
        self._times.append(now)
        while now - self._times[0] > _WINDOW:
            self._times.popleft()
        for captured in step.observation.image_times.values():
            self._skew = max(self._skew or 0.0, abs(captured - now))

    def on_episode_end(self, outcome: EpisodeOutcome) -> None:
        """Nothing to do: the counts stay until the next episode."""

    def gauges(
        self, *, pace: Pace, num_dropped: int, health: RecordingHealth, free_bytes: int | None
    ) -> tuple[Gauge, ...]:
        """The figures now.

        Args:
            pace: of the loop, by which the episode is judged in the end, too.
            num_dropped: rows of this episode lost on their way to the disk.
            health: of the recorder.
            free_bytes: left on the disk; None where it is not known.
        """
        limits, hz, steps = self._limits, self._spec.control_hz, max(pace.num_steps, 1)
        rate, late, dropped = self._rate(), pace.num_overruns / steps, num_dropped / steps
        found = [
            Gauge(
                name="rate",
                value=rate,
                unit="Hz",
                is_alarming=rate is not None and rate < limits.min_rate * hz,
                detail=f"{hz:g} wanted",
            ),
            Gauge(
                name="late periods",
                value=100.0 * late,
                unit="%",
                is_alarming=late > limits.max_late,
                detail=f"at most {limits.max_late:.0%}",
            ),
            Gauge(
                name="dropped rows",
                value=100.0 * dropped,
                unit="%",
                is_alarming=dropped > limits.max_dropped,
                detail=f"at most {limits.max_dropped:.0%}",
            ),
            Gauge(
                name="recorder",
                value=100.0 * health.queue_fill,
                unit="%",
                is_alarming=health.alarm is not None,
                detail=health.alarm or "of its memory in use",
            ),
        ]
        if self._spec.cameras:
            skew = self._skew
            found.append(
                Gauge(
                    name="camera skew",
                    value=None if skew is None else 1000.0 * skew,
                    unit="ms",
                    is_alarming=skew is not None and skew > _SKEW,
                    detail=f"below {1000.0 * _SKEW:.0f}",
                )
            )
        if free_bytes is not None:
            free = free_bytes / 1e9
            found.append(
                Gauge(name="disk left", value=free, unit="GB", is_alarming=free < _LEAST_DISK, detail="make room early")
            )
        return tuple(found)

    def _forget(self) -> None:
        self._times: deque[float] = deque()
        self._skew: float | None = None

    def _rate(self) -> float | None:
        times = list(self._times)
        return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 and times[-1] > times[0] else None
