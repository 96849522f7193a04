"""The values that flow through the system.

Time is float seconds on the robot machine's clock (`clam_robot.timing`). Arrays are C-contiguous numpy, float32 unless
said. Letters in shapes: S state, A action, H horizon, Z latent, T steps.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32, UInt8

from clam_robot.errors import InvalidImage, InvalidVector
from clam_robot.specs import RobotSpec

# Rows are due at observation_time + k * dt; a clock reading this fraction of dt early still counts as due. Far below
# anything an arm can feel, far above the rounding of sums of periods on a clock that has run for years.
_EARLY = 1e-3


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What the robot sees at one moment.

    Attributes:
        time: when the state was measured [s].
        state: (S,).
        images: newest RGB frame by camera, (H, W, 3) uint8.
        image_times: when each frame was captured [s].
    """

    time: float
    state: Float32[np.ndarray, "S"]
    images: Mapping[str, UInt8[np.ndarray, "H W 3"]] = field(default_factory=dict[str, np.ndarray])
    image_times: Mapping[str, float] = field(default_factory=dict[str, float])

    def validate(self, spec: RobotSpec) -> None:
        """Check against what a spec promises.

        State bounds are not enforced: a measurement may leave them, an action may not.

        Raises:
            InvalidVector: the state has the wrong shape or is not finite.
            InvalidImage: a camera is missing, or has the wrong shape or dtype.
        """
        spec.state.require_finite(self.state, what="state")
        for name, camera in spec.cameras.items():
            if name not in self.images:
                raise InvalidImage(f"camera {name}: no image; there are {', '.join(self.images) or 'none'}")
            camera.validate(self.images[name], what=f"camera {name}")


@dataclass(frozen=True, kw_only=True)
class ActionChunk:
    """Actions for the near future, each with the time it is due.

    Row k is due at `observation_time + k * dt` and stays due for one `dt`.

    Attributes:
        actions: (H, A) in physical units.
        observation_time: time of the observation the chunk answers [s].
        dt: time between rows [s].
        latent_actions: (H, Z), what the actions were decoded from, where the policy has them.
    """

    actions: Float32[np.ndarray, "H A"]
    observation_time: float
    dt: float
    latent_actions: Float32[np.ndarray, "H Z"] | None = None

    def __post_init__(self) -> None:
        if self.actions.ndim != 2 or self.actions.shape[0] < 1:
            raise InvalidVector(f"an action chunk needs shape (H, A) with H at least 1, found {self.actions.shape}")
        if not (math.isfinite(self.dt) and self.dt > 0):
            raise InvalidVector(f"dt must be a positive number of seconds, found {self.dt}")
        if not math.isfinite(self.observation_time):
            raise InvalidVector(f"observation_time must be a number of seconds, found {self.observation_time}")

    @property
    def end_time(self) -> float:
        """When the last row stops being due [s]."""
        return self.observation_time + len(self.actions) * self.dt

    def action_at(self, time: float) -> Float32[np.ndarray, "A"] | None:
        """The row that is due at `time`, or None before the first and past the end."""
        row = self._row(time)
        return self.actions[int(row)] if 0 <= row < len(self.actions) else None

    def is_past(self, time: float) -> bool:
        """Whether the last row has stopped being due by `time`."""
        return self._row(time) >= len(self.actions)

    def _row(self, time: float) -> float:
        return (time - self.observation_time) / self.dt + _EARLY


@dataclass(frozen=True, kw_only=True)
class TaskStatus:
    """What the world says of the task, beside the observation and never inside it.

    Attributes:
        success: whether the task is solved at this moment.
        episode_return: sum of rewards since reset.
        num_steps: control periods since reset.
        is_over: the horizon is reached; further actions are refused.
    """

    success: bool
    episode_return: float
    num_steps: int
    is_over: bool


@dataclass(frozen=True, kw_only=True)
class EpisodeStart:
    """What is known when an episode begins.

    Attributes:
        spec: the robot.
        task: what is to be done, in words or a task name.
        source: who acts: "expert", "play", "policy", "teleop", ...
        seed: scene seed, where there is one.
        is_labeled: whether the actions are to be used as labels; False for video-only demonstrations.
        operator: who records, where a person does.
        mode: what for, "demonstration" or "play", where a person said so.
    """

    spec: RobotSpec
    task: str
    source: str
    seed: int | None = None
    is_labeled: bool = True
    operator: str = ""
    mode: str = ""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One control period, as subscribers see it.

    Attributes:
        observation: what was seen at its start.
        requested: (A,) what the policy asked for; None when it had nothing due.
        sent: (A,) what the robot really executed; None when it held, and in the closing step of an episode.
        limits: reasons for which `requested` was changed or refused, empty when it was not.
        status: task status after the action, where the robot judges its task.
    """

    observation: Observation
    requested: Float32[np.ndarray, "A"] | None
    sent: Float32[np.ndarray, "A"] | None
    limits: tuple[str, ...] = ()
    status: TaskStatus | None = None


@dataclass(frozen=True, kw_only=True)
class EpisodeOutcome:
    """How an episode ended.

    Attributes:
        success: True or False as judged by the world or a person; None when nobody knows.
        episode_return: sum of rewards; None where there is none.
        num_steps: control periods.
        end: why it ended: "success", "horizon", "interrupted", "policy", "fault", or the word of whoever asked for it.
        achieved_hz: control periods per second really reached.
        num_overruns: periods that began late.
        num_limited: periods in which the safety limiter changed or refused the action.
        num_held: periods without a fresh action.
        infer_ms: time each inference took, or how old its observation was when the answer of a policy that is not
            waited for was there [ms].
        num_skipped: observations such a policy passed over for newer ones.
        num_refused: chunks that came too late or out of order.
        verdict: what a person said of it, "success", "failure" or "unsure"; "" for nothing.
        notes: of a person.
    """

    success: bool | None
    episode_return: float | None
    num_steps: int
    end: str
    achieved_hz: float
    num_overruns: int = 0
    num_limited: int = 0
    num_held: int = 0
    infer_ms: tuple[float, ...] = ()
    num_skipped: int = 0
    num_refused: int = 0
    verdict: str = ""
    notes: str = ""
