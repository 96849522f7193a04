"""`clam run` with inference beside the loop."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from clam_robot.cli.main import main
from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.testing.fakes import FakePolicy
from clam_robot.timing import ManualClock
from policy_server.app import create_app
from sim.registry import make_robot
from teleop.page_server import PageServer

TASK = "metaworld:reach"


def serve(num_rows: int) -> PageServer:
    spec = make_robot(TASK, ManualClock()).spec
    app = create_app(lambda: FakePolicy(spec, lambda _: np.array([0.0, 0.1, 0.0, -1.0]), horizon=num_rows))
    return PageServer(app, ("127.0.0.1", 0))


@pytest.fixture(scope="module")
def chunks() -> Iterator[str]:
    """Address of a policy with chunks that last longer than a busy machine stalls."""
    with serve(num_rows=400) as server:
        yield server.url.replace("http", "ws", 1)


@pytest.mark.parametrize("source", [["--checkpoint", "nowhere"], ["--server", "ws://127.0.0.1:9"]])
def test_inference_beside_a_simulation_that_waits_is_refused_before_anything_is_loaded(
    source: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *source, "--asynchronous"]) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert "--asynchronous: expected real time" in error
    assert "add --real-time, or drive the arm with --robot widowx" in error


def test_recording_into_a_url_is_refused_and_makes_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--checkpoint", "nowhere", "--record", "s3://lab/rollouts"]) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert "--record: expected a folder of this machine, found the URL s3://lab/rollouts" in error
    assert not list(tmp_path.iterdir())


def test_an_episode_with_merged_chunks_from_a_server(chunks: str, tmp_path: Path) -> None:
    words = ["run", "--server", chunks, "--episodes", "1", "--record", str(tmp_path), "--real-time", "--asynchronous"]
    words += ["--replan-every", "5", "merge:weighted-average", "--merge.new-weight", "0.6"]
    assert main(words) == 0
    episode = EpisodeDataset(tmp_path)[0]
    requested = episode.action_requested[np.isfinite(episode.action_requested).all(axis=1)]
    assert len(requested) > 0
    np.testing.assert_allclose(requested, np.tile(np.float32([0.0, 0.1, 0.0, -1.0]), (len(requested), 1)), atol=1e-6)


def test_a_policy_that_answers_with_single_actions_is_refused_with_the_remedy(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with serve(num_rows=1) as server:
        url = server.url.replace("http", "ws", 1)
        assert main(["run", "--server", url, "--episodes", "1", "--real-time", "--asynchronous"]) == 2
    assert "clam train --policy.chunk" in " ".join(capsys.readouterr().err.split())


def test_a_rule_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--server", "ws://127.0.0.1:9", "merge:mean"])
    assert "merge:weighted-average" in capsys.readouterr().err
    assert main(["run", "--server", "ws://127.0.0.1:9", "--replan-every", "0"]) == 2
    assert "--replan-every: expected at least 1" in " ".join(capsys.readouterr().err.split())
