"""Several processes share a run."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from clam_robot.errors import ConfigError
from clam_robot.models.checkpoint import WEIGHTS, load_policy
from clam_robot.models.latent_action_model import LatentActionConfig
from clam_robot.models.latent_policy import PolicyConfig
from clam_robot.testing.fakes import FakeRobot
from clam_robot.timing import ManualClock
from clam_robot.training.config import TrainConfig
from clam_robot.training.fabric import launch
from clam_robot.training.run import run_training
from tests import programs
from tests.clam_robot.training.conftest import Heard

# Far beyond any stall of a busy machine; reached only by a test that fails.
PATIENCE = 300.0


def clam(*words: object) -> subprocess.CompletedProcess[str]:
    """Run one command; it is over when the last process that may write to its output is."""
    command = [sys.executable, "-m", "clam_robot.cli.main", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


def words(config: TrainConfig, out: Path) -> tuple[object, ...]:
    """The command line of a run."""
    return (
        *("train", "--method", config.method, "--play", config.play, "--demonstrations", config.demonstrations),
        *("--num-labeled", config.num_labeled, "--batch-size", config.batch_size, "--device", "cpu", "--devices", 2),
        *("--dynamics-optimizer.num-steps", config.dynamics_optimizer.num_steps),
        *("--policy-optimizer.num-steps", config.policy_optimizer.num_steps),
        *("--latent.hidden", config.latent.hidden, "--latent.latent-dim", config.latent.latent_dim),
        *("--latent.dropout", config.latent.dropout, "--policy.dropout", config.policy.dropout),
        *("--policy.hidden", config.policy.hidden, "--out", out),
    )


@pytest.fixture
def config(tiny: Callable[..., TrainConfig]) -> TrainConfig:
    """Without dropout, which differs from process to process."""
    latent = LatentActionConfig(latent_dim=4, hidden=8, dropout=0.0)
    return tiny(num_steps=30, latent=latent, policy=PolicyConfig(hidden=8, dropout=0.0))


def test_two_processes_train_the_policy_that_one_does_and_leave_nothing_behind(
    config: TrainConfig, tmp_path: Path
) -> None:
    """Their shares are the batches of one, so that the weights agree but for rounding."""
    done = clam(*words(config, tmp_path / "two"))
    assert done.returncode == 0, done.stderr
    for stage in ("latent actions", "policy"):
        assert done.stdout.count(f"{stage}: 30 of 30") == 1
    assert "Traceback" not in done.stderr
    found = load_file(tmp_path / "two" / "checkpoint" / WEIGHTS)
    assert all(torch.isfinite(tensor).all() for tensor in found.values())
    policy, _ = load_policy(tmp_path / "two" / "checkpoint")
    robot = FakeRobot(ManualClock())
    robot.connect()
    robot.reset(1)
    assert policy.infer(robot.get_observation()).actions.shape == (1, 3)
    expected = load_file(run_training(config, tmp_path / "one", Heard()).checkpoint / WEIGHTS)
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], rtol=1e-3, atol=1e-4)
    assert len(list((tmp_path / "two" / "tensorboard").iterdir())) == len(
        list((tmp_path / "one" / "tensorboard").iterdir())
    )


def test_a_process_that_is_gone_ends_the_run_with_a_word(config: TrainConfig, tmp_path: Path) -> None:
    endless = words(replace(config, policy_optimizer=replace(config.policy_optimizer, num_steps=10**6)), tmp_path)
    with (tmp_path / "said").open("w") as said:
        run = subprocess.Popen(programs.clam(*map(str, endless)), stdout=said, stderr=said)
    try:
        programs.wait_for(lambda: (tmp_path / "said").read_text().count("latent actions: 30 of 30") == 1, "training")
        children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
        (other,) = [int(pid) for pid in children if b"clam_robot" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        os.kill(other, signal.SIGKILL)
        assert run.wait(PATIENCE) == 2
    finally:
        run.kill()
        run.wait()
    told = " ".join((tmp_path / "said").read_text().split())
    assert "process 0 of 2: another process of this run has ended" in told
    assert "Traceback" not in told


def test_two_processes_refuse_the_folder_of_another_run(config: TrainConfig, tmp_path: Path) -> None:
    (tmp_path / "train.json").write_text("{")
    failed = clam(*words(config, tmp_path))
    assert failed.returncode == 2
    assert "train.json" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["train.json"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_auto_is_the_cpu(tiny: Callable[..., TrainConfig]) -> None:
    assert launch(tiny()).device == torch.device("cpu")
    with pytest.raises(ConfigError, match="device: expected 1 GPU, found 0; use --device cpu or fewer"):
        launch(tiny(device="cuda"))


def test_mixed_precision_keeps_weights_in_32_bits(tiny: Callable[..., TrainConfig], tmp_path: Path) -> None:
    mixed, full = (
        load_file(run_training(tiny(precision=precision), tmp_path / precision, Heard()).checkpoint / WEIGHTS)
        for precision in ("bf16-mixed", "32-true")
    )
    for name, tensor in mixed.items():
        assert tensor.dtype == full[name].dtype
        assert torch.isfinite(tensor).all()
    assert any(not torch.equal(mixed[name], full[name]) for name in full)
