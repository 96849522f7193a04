"""Training on the frames of a camera."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from clam_robot.errors import CheckpointError, ConfigError, SpecMismatch
from clam_robot.interfaces import Policy
from clam_robot.models.checkpoint import WEIGHTS, load_header, load_policy
from clam_robot.models.features import FeatureConfig
from clam_robot.models.latent_action_model import LatentActionConfig
from clam_robot.models.latent_policy import PolicyConfig
from clam_robot.models.vision import VisionConfig
from clam_robot.specs import CameraSpec
from clam_robot.testing.fakes import FakeRobot, fake_spec
from clam_robot.timing import ManualClock
from clam_robot.training.config import TrainConfig
from clam_robot.training.run import run_training
from tests.clam_robot.training.conftest import Datasets, Heard, play

Tiny = Callable[..., TrainConfig]
Record = Callable[..., Path]

CAMERAS = {"front": CameraSpec(height=24, width=32), "wrist": CameraSpec(height=8, width=8)}
VISION = VisionConfig(camera="front", size=16, shift=1, width=2, patch=8)
ARCHITECTURES = ("cnn", "space-time")


@pytest.fixture(scope="module")
def filmed(record: Record, tmp_path_factory: pytest.TempPathFactory) -> Datasets:
    """Filmed by two cameras, of which one is looked through."""
    root = tmp_path_factory.mktemp("filmed")
    spec = fake_spec(CAMERAS)
    return Datasets(
        play=record(root / "play", range(4), play, spec=spec),
        demonstrations=record(root / "demonstrations", range(100, 103), spec=spec, is_labeled=False),
    )


@pytest.fixture(scope="module")
def config(tiny: Tiny, filmed: Datasets) -> Callable[..., TrainConfig]:
    """A run of a few updates on frames and the hand alone."""

    def make(method: str, architecture: str = "cnn", **changes: object) -> TrainConfig:
        return tiny(
            **{
                "method": method,
                "num_steps": 6,
                "play": filmed.play,
                "demonstrations": filmed.play if method == "oracle" else filmed.demonstrations,
                "features": FeatureConfig(past=1, future=1, entries=("hand",)),
                "vision": VISION,
                "latent": LatentActionConfig(architecture=architecture, latent_dim=4, hidden=8),
                "policy": PolicyConfig(hidden=8, history=1),
            }
            | changes
        )

    return make


Config = Callable[..., TrainConfig]


def robot(num_periods: int = 0) -> FakeRobot:
    arm = FakeRobot(ManualClock(), fake_spec({"front": CAMERAS["front"]}))
    arm.connect()
    arm.reset(5)
    for _ in range(num_periods):
        arm.send_action(np.zeros(3, np.float32))
    return arm


@pytest.mark.parametrize(
    ("method", "architecture"),
    [
        *((method, architecture) for method in ("clam", "vpt", "lapo", "lapa") for architecture in ARCHITECTURES),
        ("dynamo", "cnn"),
        ("bc-play", "cnn"),
        ("oracle", "cnn"),
    ],
)
def test_every_method_trains_on_frames_and_its_policy_looks_at_them(
    config: Config, tmp_path: Path, method: str, architecture: str
) -> None:
    heard = Heard()
    result = run_training(config(method, architecture), tmp_path, heard)
    assert all(np.isfinite(list(logs.values())).all() for logs in heard.logs)
    header = load_header(result.checkpoint)
    assert set(header.spec.cameras) == {"front"}
    policy: Policy = load_policy(result.checkpoint)[0]
    dark, bright = (policy.infer(robot(num_periods).get_observation()) for num_periods in (0, 200))
    assert dark.actions.shape == (1, 3)
    assert np.isfinite(dark.actions).all()
    said = (
        (dark.actions, bright.actions) if dark.latent_actions is None else (dark.latent_actions, bright.latent_actions)
    )
    assert not np.array_equal(*said)
    policy.reset()
    assert np.array_equal(policy.infer(robot(0).get_observation()).actions, dark.actions)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_training_on_frames_goes_on_where_it_was_interrupted(config: Config, tmp_path: Path, architecture: str) -> None:
    settings = config("clam", architecture, save_every=4)
    with pytest.raises(KeyboardInterrupt):
        run_training(settings, tmp_path / "interrupted", Heard(interrupt_at=("latent_actions", 6)))
    with pytest.raises(KeyboardInterrupt):
        run_training(settings, tmp_path / "interrupted", Heard(interrupt_at=("policy", 6)))
    results = [run_training(settings, tmp_path / name, Heard()) for name in ("interrupted", "whole")]
    first, second = ((result.checkpoint / WEIGHTS).read_bytes() for result in results)
    assert first == second


def test_what_is_in_the_frames_decides_what_is_learned(config: Config, record: Record, tmp_path: Path) -> None:
    class Blind(FakeRobot):
        def get_observation(self):  # noqa: ANN202
            seen = super().get_observation()
            return replace(seen, images={name: np.zeros_like(image) for name, image in seen.images.items()})

    dark = record(tmp_path / "dark", range(4), play, spec=fake_spec(CAMERAS), robot=Blind)
    for method in ("clam", "dynamo", "bc-play"):
        weights = [
            (run_training(settings, tmp_path / f"{method} {k}", Heard()).checkpoint / WEIGHTS).read_bytes()
            for k, settings in enumerate((config(method), config(method, play=dark)))
        ]
        assert weights[0] != weights[1]


class Encoder(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(3, 4)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        return self.layer(frames.mean((2, 3)))


@pytest.mark.parametrize("is_frozen", [True, False])
def test_a_policy_behind_a_pretrained_encoder_trains_goes_on_and_acts(
    config: Config, tmp_path: Path, is_frozen: bool
) -> None:
    batch = ({0: torch.export.Dim("batch")},)
    program = torch.export.export(Encoder(), (torch.zeros(3, 3, 16, 16),), dynamic_shapes=batch)
    torch.export.save(program, tmp_path / "encoder.pt2")
    vision = replace(VISION, encoder=tmp_path / "encoder.pt2", is_frozen=is_frozen)
    settings = config("bc-play", vision=vision, save_every=4)
    with pytest.raises(KeyboardInterrupt):
        run_training(settings, tmp_path / "interrupted", Heard(interrupt_at=("policy", 6)))
    results = [run_training(settings, tmp_path / name, Heard()) for name in ("interrupted", "whole")]
    first, second = ((result.checkpoint / WEIGHTS).read_bytes() for result in results)
    assert first == second
    (tmp_path / "encoder.pt2").unlink()
    elsewhere = results[0].checkpoint.rename(tmp_path / "elsewhere")  # as on a robot's machine
    policy, header = load_policy(elsewhere)
    assert header.vision == replace(vision, encoder=elsewhere / "encoder.pt2")
    assert np.isfinite(policy.infer(robot().get_observation()).actions).all()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"vision": replace(VISION, encoder=Path("nowhere.pt2"))}, "nowhere.pt2: expected an encoder"),
        ({"policy": PolicyConfig(hidden=8, history=9)}, "history: expected at most features.past"),
        (
            {"architecture": "mlp", "vision": VisionConfig(), "features": FeatureConfig(entries=("none",))},
            "nothing to see; name a camera",
        ),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_trained(
    config: Config, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    heard = Heard()
    with pytest.raises((CheckpointError, ConfigError), match=said):
        run_training(config("clam", **changes), tmp_path / "run", heard)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("method", ["clam", "vpt", "dynamo"])
def test_frames_may_be_all_that_is_seen(config: Config, tmp_path: Path, method: str) -> None:
    features = FeatureConfig(past=1, future=1, entries=("none",))
    result = run_training(config(method, features=features), tmp_path, Heard())
    first, second = load_policy(result.checkpoint)[0], load_policy(result.checkpoint)[0]
    seen = robot().get_observation()
    elsewhere = replace(seen, state=seen.state + 0.3)
    np.testing.assert_array_equal(first.infer(seen).actions, second.infer(elsewhere).actions)


def test_dynamo_with_a_camera_and_an_embedding_sees_through_the_camera(config: Config, tmp_path: Path) -> None:
    result = run_training(config("dynamo", policy=PolicyConfig(hidden=8, embedding=5)), tmp_path, Heard())
    policy: Policy = load_policy(result.checkpoint)[0]
    assert np.isfinite(policy.infer(robot().get_observation()).actions).all()


def test_dynamics_of_states_do_not_fit_a_camera(config: Config, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="sees states alone; choose cnn or space-time for front"):
        run_training(config("clam", "mlp"), tmp_path, Heard())


def test_play_and_demonstrations_need_the_same_camera(config: Config, datasets: Datasets, tmp_path: Path) -> None:
    with pytest.raises(SpecMismatch, match="front"):
        run_training(config("clam", demonstrations=datasets.demonstrations), tmp_path, Heard())
