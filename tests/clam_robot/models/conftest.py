"""A small arm with everything features look at, and actors for it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from clam_robot.models.actor import Actor
from clam_robot.models.checkpoint import CheckpointHeader, TrainingSummary, build_actor
from clam_robot.models.features import FeatureConfig, StateFeatures
from clam_robot.models.latent_action_model import LatentActionConfig
from clam_robot.models.latent_policy import PolicyConfig
from clam_robot.models.vision import VisionConfig
from clam_robot.specs import CameraSpec, RobotSpec, VectorSpec


def _point(name: str) -> list[tuple[str, str]]:
    return [(f"{name}_{axis}", "m") for axis in "xyz"]


ENTRIES = [
    *_point("hand"),
    ("gripper_opening", "1"),
    *_point("object"),
    ("object_tilt", "rad"),
    ("table_height", "m"),
    *_point("prev_hand"),
    ("prev_gripper_opening", "1"),
    *_point("goal"),
]

CAMERA = CameraSpec(height=24, width=32)


def _spec(entries: list[tuple[str, str]]) -> RobotSpec:
    names, units = zip(*entries, strict=True)
    size = len(names)
    return RobotSpec(
        name="small arm",
        state=VectorSpec(names=names, units=units, low=(-np.inf,) * size, high=(np.inf,) * size),
        action=VectorSpec(
            names=("dx", "dy", "gripper"), units=("m", "m", "1"), low=(-0.1, -0.3, 0.0), high=(0.3, 0.1, 1.0)
        ),
        control_hz=20.0,
    )


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Networks this small lose more by waiting for a second thread than it gives."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def make_spec() -> Callable[[list[tuple[str, str]]], RobotSpec]:
    """A robot whose state has these (name, unit)."""
    return _spec


@pytest.fixture(scope="session")
def spec() -> RobotSpec:
    return _spec(ENTRIES)


def _states(num_rows: int, seed: int = 0) -> Tensor:
    """Rows of the small arm's state; the table never moves, the object hardly does."""
    states = torch.randn(num_rows, len(ENTRIES), generator=torch.Generator().manual_seed(seed))
    names = [name for name, _ in ENTRIES]
    states[:, names.index("table_height")] = 0.7
    states[:, names.index("object_z")] *= 1e-4
    return states


@pytest.fixture(scope="session")
def make_states() -> Callable[..., Tensor]:
    """Rows of the small arm's state, (num_rows, S)."""
    return _states


@pytest.fixture(scope="session")
def make_features(spec: RobotSpec) -> Callable[..., StateFeatures]:
    """Features of the small arm, fitted on rows of which each follows the other."""

    def make(states: Tensor, config: FeatureConfig | None = None) -> StateFeatures:
        features = StateFeatures(spec, config or FeatureConfig())
        features.fit(states[:-1], states.diff(dim=0))
        return features

    return make


@pytest.fixture(scope="session")
def make_header(spec: RobotSpec) -> Callable[..., CheckpointHeader]:
    """Header of a small policy, with a latent action decoder or without; shape of its network as told."""

    def make(*, is_latent: bool = True, vision: VisionConfig | None = None, **policy: Any) -> CheckpointHeader:  # noqa: ANN401
        vision = vision or VisionConfig()
        cameras = {} if vision.camera is None else {vision.camera: CAMERA}
        return CheckpointHeader(
            method="clam" if is_latent else "bc-play",
            spec=replace(spec, cameras=cameras),
            features=FeatureConfig(past=2, future=2),
            vision=vision,
            policy=PolicyConfig(**{"hidden": 8, "num_layers": 2, **policy}),
            latent=LatentActionConfig(latent_dim=5, hidden=7, num_layers=3) if is_latent else None,
            training=TrainingSummary(
                play="play",
                demonstrations="demonstrations" if is_latent else None,
                num_labeled=3,
                label_set=1,
                num_demonstrations=4 if is_latent else 0,
                seed=2,
                seconds=1.5,
            ),
            software_version="test",
        )

    return make


@pytest.fixture(scope="session")
def make_actor() -> Callable[..., Actor]:
    """An actor as training leaves it: fitted features and scales, weights of `seed`."""

    def make(header: CheckpointHeader, seed: int = 0) -> Actor:
        torch.manual_seed(seed)
        actor = build_actor(header)
        states = _states(50, seed)
        actor.features.fit(states[:-1], states.diff(dim=0))
        actor.network.fit_scale(torch.randn(50, len(actor.network.mean)) * 2 + 1)
        return actor.eval()

    return make
