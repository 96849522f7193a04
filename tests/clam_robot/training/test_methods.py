"""Every method brings along what makes it that method, and ends in a policy that acts."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from clam_robot.control.loop import ControlLoop
from clam_robot.models.bottleneck import BottleneckConfig
from clam_robot.models.checkpoint import load_policy
from clam_robot.models.latent_action_model import LatentActionConfig
from clam_robot.models.latent_policy import PolicyConfig
from clam_robot.models.vision import VisionConfig
from clam_robot.testing.fakes import FakeRobot
from clam_robot.timing import ManualClock
from clam_robot.training.config import Method, TrainConfig
from clam_robot.training.methods import RECIPES, effective
from clam_robot.training.run import run_training
from clam_robot.types import EpisodeStart
from tests.clam_robot.training.conftest import Datasets, Heard

Tiny = Callable[..., TrainConfig]

LATENT = LatentActionConfig(latent_dim=4, hidden=8, action_weight=2.0)
DISCRETE = ("lapo", "lapa")
# Those whose policies speak in latent actions.
WITH_LATENTS = ("clam", "lapo")


def acts(checkpoint: Path) -> None:
    """A whole episode of the fake robot, every action finite."""
    policy, header = load_policy(checkpoint)
    clock = ManualClock()
    robot = FakeRobot(clock, header.spec, horizon=8)
    robot.connect()
    outcome = ControlLoop(robot, policy, clock=clock).run_episode(
        EpisodeStart(spec=robot.spec, task=robot.task, source="policy", seed=1)
    )
    assert outcome.num_steps == 8
    assert len(robot.sent) == 8
    assert np.isfinite(robot.sent).all()


def settings_of(method: str, datasets: Datasets) -> dict[str, Any]:
    return {"method": method, **({"demonstrations": datasets.play} if method == "oracle" else {})}


def test_every_method_has_a_recipe() -> None:
    assert set(RECIPES) == set(get_args(Method))


@pytest.mark.parametrize("architecture", ["mlp", "chunk"])
@pytest.mark.parametrize("method", RECIPES)
def test_every_method_ends_in_a_policy_that_acts_with_history_and_chunks(
    tiny: Tiny, datasets: Datasets, tmp_path: Path, method: str, architecture: str
) -> None:
    shape = PolicyConfig(architecture=architecture, hidden=8, history=2, chunk=3)
    result = run_training(tiny(**settings_of(method, datasets), policy=shape), tmp_path, Heard())
    policy, header = load_policy(result.checkpoint)
    assert header.method == method
    assert (header.latent is not None) == (method in WITH_LATENTS)
    robot = FakeRobot(ManualClock())
    robot.connect()
    robot.reset(3)
    chunk = policy.infer(robot.get_observation())
    assert chunk.actions.shape == (3, 3)
    assert chunk.dt == pytest.approx(0.1)
    assert (chunk.latent_actions is not None) == (method in WITH_LATENTS)
    acts(result.checkpoint)


@pytest.mark.parametrize("method", ["clam", "vpt", "lapo", "lapa"])
@pytest.mark.parametrize("num_steps", [1, 2])
def test_a_transformer_trains_as_well(tiny: Tiny, tmp_path: Path, method: str, num_steps: int) -> None:
    latent = replace(LATENT, architecture="transformer", num_steps=num_steps)
    acts(run_training(tiny(method=method, latent=latent), tmp_path, Heard()).checkpoint)


@pytest.mark.parametrize(
    ("method", "kind"),
    [("clam", "gaussian"), ("clam", "vq"), ("clam", "fsq"), ("lapo", "fsq"), ("lapo", "residual-vq"),
     ("lapa", "fsq"), ("lapa", "residual-vq")],
)  # fmt: skip
def test_every_bottleneck_trains_and_repeats_bit_by_bit(tiny: Tiny, tmp_path: Path, method: str, kind: str) -> None:
    latent = replace(LATENT, bottleneck=BottleneckConfig(kind=kind, codebook_size=64))
    config = tiny(method=method, latent=latent)
    first, second = (run_training(config, tmp_path / folder, Heard()).checkpoint for folder in "ab")
    acts(first)
    assert (first / "weights.safetensors").read_bytes() == (second / "weights.safetensors").read_bytes()


@pytest.mark.parametrize("method", DISCRETE)
@pytest.mark.parametrize(
    ("asked", "found"),
    [("continuous", "vq"), ("gaussian", "vq"), ("vq", "vq"), ("residual-vq", "residual-vq"), ("fsq", "fsq")],
)
def test_lapo_and_lapa_are_discrete_and_no_label_trains_their_latents(
    tiny: Tiny, method: str, asked: str, found: str
) -> None:
    asked_for = replace(LATENT, bottleneck=BottleneckConfig(kind=asked, codebook_size=64, commitment_weight=0.5))
    latent = effective(tiny(method=method, latent=asked_for)).latent
    assert latent.bottleneck == BottleneckConfig(kind=found, codebook_size=64, commitment_weight=0.5)
    assert (latent.is_joint, latent.action_weight, latent.decoder_layers) == (False, 0.0, 2)
    untouched = replace(latent, bottleneck=asked_for.bottleneck, is_joint=True, action_weight=2.0, decoder_layers=0)
    assert untouched == asked_for
    deep = replace(asked_for, decoder_layers=3)
    assert effective(tiny(method=method, latent=deep)).latent.decoder_layers == 3


def test_dynamo_has_an_embedding_unless_it_has_a_camera(tiny: Tiny) -> None:
    assert effective(tiny(method="dynamo")).policy == PolicyConfig(hidden=8, embedding=8)
    asked = PolicyConfig(hidden=8, embedding=5)
    assert effective(tiny(method="dynamo", policy=asked)).policy == asked
    seeing = tiny(method="dynamo", vision=VisionConfig(camera="front"))
    assert effective(seeing).policy == PolicyConfig(hidden=8)


@pytest.mark.parametrize("method", ["clam", "vpt", "bc-play", "oracle"])
def test_the_others_are_what_they_are_configured_to_be(tiny: Tiny, method: str) -> None:
    config = tiny(method=method, latent=LATENT)
    assert effective(config) == config


@pytest.mark.parametrize("method", DISCRETE)
def test_labels_do_not_reach_the_latents_of_lapo_and_lapa(tiny: Tiny, tmp_path: Path, method: str) -> None:
    """Two label weights give the same dynamics; of CLAM, two others."""
    for name, differs in ((method, False), ("clam", True)):
        states = []
        for weight in (1.0, 5.0):
            directory = tmp_path / f"{name} {weight}"
            run_training(tiny(method=name, latent=replace(LATENT, action_weight=weight)), directory, Heard())
            weights = load_file(directory / "state" / "latent_actions.safetensors")
            states.append({key: tensor for key, tensor in weights.items() if key.startswith("module.inverse")})
        assert any(not torch.equal(states[0][key], states[1][key]) for key in states[0]) == differs


def test_lapo_grounds_its_decoder_on_play_after_the_dynamics(tiny: Tiny, tmp_path: Path) -> None:
    result = run_training(tiny(method="lapo"), tmp_path, Heard())
    grounded = load_file(tmp_path / "state" / "grounding.safetensors")
    final = load_file(result.checkpoint / "weights.safetensors")
    before = load_file(tmp_path / "state" / "latent_actions.safetensors")
    for name in ("0.weight", "6.bias"):
        assert torch.equal(final[f"decoder.{name}"], grounded[f"module.decoder.{name}"])
        assert not torch.equal(final[f"decoder.{name}"], before[f"module.action_decoder.{name}"])


def test_lapa_takes_the_trunk_of_its_policy_of_codes(tiny: Tiny, tmp_path: Path) -> None:
    """With hardly a step of tuning the trunk is that of the policy of codes, and the head is not."""
    config = tiny(method="lapa")
    tuning = replace(config.tuning_optimizer, num_steps=1, learning_rate=1e-12)
    run_training(replace(config, tuning_optimizer=tuning), tmp_path, Heard())
    codes = load_file(tmp_path / "state" / "code_policy.safetensors")
    policy = load_file(tmp_path / "state" / "policy.safetensors")
    for name in ("0.weight", "3.weight"):
        torch.testing.assert_close(policy[f"module.network.head.{name}"], codes[f"module.network.head.{name}"])
    assert policy["module.network.head.6.weight"].shape != codes["module.network.head.6.weight"].shape


def test_dynamo_keeps_the_eye_that_dynamics_have_shaped(tiny: Tiny, tmp_path: Path) -> None:
    result = run_training(tiny(method="dynamo"), tmp_path, Heard())
    shaped = load_file(tmp_path / "state" / "embedding.safetensors")
    final = load_file(result.checkpoint / "weights.safetensors")
    eye = {name.removeprefix("module."): tensor for name, tensor in shaped.items() if name.startswith("module.eye.")}
    assert eye
    assert all(torch.equal(final[f"network.{name}"], tensor) for name, tensor in eye.items())
