"""A data set holds one robot; what differs is named before anything is recorded."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clam_robot.episodes import EpisodeWriter
from clam_robot.episodes.same_robot import require_same_robot
from clam_robot.errors import SpecMismatch
from clam_robot.specs import RobotSpec
from clam_robot.types import EpisodeOutcome, EpisodeStart, Step


@pytest.fixture
def recorded(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], make_steps: Callable[..., Iterator[Step]]
) -> RobotSpec:
    """The spec of the one episode in `tmp_path`."""
    spec = make_spec(cameras={"wrist": (8, 8)})
    with EpisodeWriter(tmp_path, EpisodeStart(spec=spec, task="reach", source="play", seed=1), durable=False) as writer:
        for step in make_steps(spec, 5):
            writer.append(step)
        writer.commit(
            EpisodeOutcome(success=None, episode_return=None, num_steps=5, end="horizon", achieved_hz=spec.control_hz)
        )
    return spec


def test_more_of_the_same_and_a_new_folder_are_fine(tmp_path: Path, recorded: RobotSpec) -> None:
    require_same_robot(tmp_path, recorded)
    require_same_robot(tmp_path / "new", recorded)


@pytest.mark.parametrize(
    ("cameras", "line"),
    [
        ({}, "cameras wrist there, none now"),
        ({"wrist": (8, 8), "over": (8, 8)}, "cameras wrist there, wrist, over now"),
        ({"wrist": (16, 8)}, r"camera wrist: needs \(16, 8, 3\), finds \(8, 8, 3\)"),
    ],
)
def test_other_cameras_are_refused(
    tmp_path: Path,
    recorded: RobotSpec,
    make_spec: Callable[..., RobotSpec],
    cameras: dict[str, tuple[int, int]],
    line: str,
) -> None:
    with pytest.raises(SpecMismatch, match=rf"{line}.*episode_000000.*--out"):
        require_same_robot(tmp_path, make_spec(cameras=cameras))


def test_another_robot_is_refused_by_name(tmp_path: Path, recorded: RobotSpec) -> None:
    other = dataclasses.replace(recorded, name="another")
    with pytest.raises(SpecMismatch, match=f"robot {recorded.name} there, another now"):
        require_same_robot(tmp_path, other)
