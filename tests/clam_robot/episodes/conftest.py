from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clam_robot.episodes import EpisodeWriter
from clam_robot.specs import CameraSpec, RobotSpec, VectorSpec
from clam_robot.types import EpisodeOutcome, EpisodeStart, Observation, Step, TaskStatus

PERIOD = 0.1


def _make_spec(state: int = 3, action: int = 2, cameras: Mapping[str, tuple[int, int]] | None = None) -> RobotSpec:
    def vector(letter: str, size: int) -> VectorSpec:
        return VectorSpec(
            names=tuple(f"{letter}{i}" for i in range(size)),
            units=("1",) * size,
            low=(-np.inf,) * size,
            high=(np.inf,) * size,
        )

    sizes = {name: CameraSpec(height=height, width=width) for name, (height, width) in (cameras or {}).items()}
    return RobotSpec(
        name="made", state=vector("s", state), action=vector("a", action), cameras=sizes, control_hz=1 / PERIOD
    )


def _make_steps(spec: RobotSpec, length: int, *, seed: int = 0, closing: bool = True) -> Iterator[Step]:
    """Row t of every array starts with t, and each frame is one shade that says t."""
    rng = np.random.default_rng(seed)
    for t in range(length):
        state = rng.normal(size=len(spec.state)).astype(np.float32)
        action = rng.normal(size=len(spec.action)).astype(np.float32)
        state[:1], action[:1] = t, t
        is_last = closing and t == length - 1
        yield Step(
            observation=Observation(
                time=PERIOD * t,
                state=state,
                images={name: np.full(camera.shape, t % 251, np.uint8) for name, camera in spec.cameras.items()},
                image_times=dict.fromkeys(spec.cameras, PERIOD * t - 0.02),
            ),
            requested=None if is_last else action + 1,
            sent=None if is_last else action,
            status=TaskStatus(success=t >= 5, episode_return=-float(t), num_steps=t, is_over=False),
        )


def _make_outcome(success: bool | None = True) -> EpisodeOutcome:
    return EpisodeOutcome(
        success=success,
        episode_return=-1.0,
        num_steps=9,
        end="horizon",
        achieved_hz=9.5,
        num_overruns=1,
        num_limited=2,
        num_held=3,
        infer_ms=(1.0, 2.0, 3.0),
    )


def _record(
    root: Path,
    spec: RobotSpec,
    steps: int | Iterable[Step] = 10,
    *,
    success: bool | None = True,
    is_labeled: bool = True,
    task: str = "reach",
    source: str = "play",
    seed: int | None = None,
    **options: Any,  # noqa: ANN401 (arguments of EpisodeWriter)
) -> Path:
    start = EpisodeStart(spec=spec, task=task, source=source, seed=seed, is_labeled=is_labeled)
    with EpisodeWriter(root, start, **{"durable": False, "wait_when_full": True, **options}) as writer:
        for step in _make_steps(spec, steps) if isinstance(steps, int) else steps:
            writer.append(step)
        return writer.commit(_make_outcome(success))


@pytest.fixture(scope="session")
def make_spec() -> Callable[..., RobotSpec]:
    return _make_spec


@pytest.fixture(scope="session")
def make_steps() -> Callable[..., Iterator[Step]]:
    return _make_steps


@pytest.fixture(scope="session")
def make_outcome() -> Callable[..., EpisodeOutcome]:
    return _make_outcome


@pytest.fixture(scope="session")
def record() -> Callable[..., Path]:
    """Record an episode and return its path."""
    return _record
