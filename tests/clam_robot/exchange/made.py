"""Small episodes with known numbers, and pictures smooth enough for a codec to keep."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from clam_robot.episodes.recorder import Recorder
from clam_robot.specs import CameraSpec, RobotSpec, VectorSpec
from clam_robot.types import EpisodeOutcome, EpisodeStart, Observation, Step, TaskStatus


@dataclass(frozen=True, kw_only=True)
class Made:
    """What an episode is made of."""

    length: int
    task: str = "reach"
    seed: int = 0
    is_labeled: bool = True
    is_judged: bool = True
    success: bool | None = True
    hold_every: int = 0


def made_spec(
    *, state: int = 3, action: int = 2, cameras: dict[str, CameraSpec] | None = None, hz: float = 10.0
) -> RobotSpec:
    def vector(letter: str, size: int) -> VectorSpec:
        return VectorSpec(
            names=tuple(f"{letter}{i}" for i in range(size)),
            units=("m",) * size,
            low=(-np.inf,) * size,
            high=(np.inf,) * size,
        )

    return RobotSpec(
        name="made", state=vector("s", state), action=vector("a", action), cameras=cameras or {}, control_hz=hz
    )


def made_frame(size: CameraSpec, row: int, phase: float) -> np.ndarray:
    """A soft pattern that wanders, different in every colour."""
    y, x = np.mgrid[: size.height, : size.width].astype(np.float64)
    waves = [np.sin(x / 9 + row / 5 + phase + c) * np.cos(y / 11 - row / 7 + c) for c in range(3)]
    return np.stack([128 + 90 * wave for wave in waves], axis=-1).astype(np.uint8)


def record_made(root: Path, spec: RobotSpec, episodes: Sequence[Made]) -> None:
    """Record them into the data set at `root`."""
    corrections = {"time": 0.004, **{f"image_time/{name}": 0.013 for name in spec.cameras}}
    with Recorder(
        root,
        durable=False,
        wait_when_full=True,
        calibration={"gripper": {"open": 1.0}},
        time_corrections=corrections,
    ) as recorder:
        for made in episodes:
            rng = np.random.default_rng(made.seed)
            recorder.on_episode_start(
                EpisodeStart(spec=spec, task=made.task, source="play", seed=made.seed, is_labeled=made.is_labeled)
            )
            for row in range(made.length):
                recorder.on_step(_step(spec, made, row, rng))
            recorder.on_episode_end(
                EpisodeOutcome(
                    success=made.success, episode_return=None, num_steps=made.length, end="horizon", achieved_hz=9.5
                )
            )


def _step(spec: RobotSpec, made: Made, row: int, rng: np.random.Generator) -> Step:
    time = 1000.0 + row / spec.control_hz + float(rng.uniform(0, 0.3)) / spec.control_hz
    is_held = row == made.length - 1 or (made.hold_every and row % made.hold_every == 0)
    requested = rng.normal(size=len(spec.action)).astype(np.float32)
    status = TaskStatus(success=row > 3, episode_return=-float(row), num_steps=row, is_over=False)
    return Step(
        observation=Observation(
            time=time,
            state=rng.normal(size=len(spec.state)).astype(np.float32),
            images={name: made_frame(size, row, made.seed) for name, size in spec.cameras.items()},
            image_times=dict.fromkeys(spec.cameras, time - 0.013),
        ),
        requested=None if is_held else requested,
        sent=None if is_held else np.clip(requested, -1, 1),
        status=status if made.is_judged else None,
    )


CAMERAS = st.sampled_from(
    [
        {},
        {"front": CameraSpec(height=48, width=64)},
        {"front": CameraSpec(height=32, width=40), "wrist": CameraSpec(height=33, width=47)},
    ]
)

EPISODES = st.lists(
    st.builds(
        Made,
        length=st.integers(2, 40),
        task=st.sampled_from(["reach", "öffne die Tür"]),
        seed=st.integers(0, 9),
        is_labeled=st.booleans(),
        is_judged=st.booleans(),
        success=st.sampled_from([True, False, None]),
        hold_every=st.sampled_from([0, 3]),
    ),
    min_size=1,
    max_size=3,
)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Between two pictures of bytes [dB]."""
    error = np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2)
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))
