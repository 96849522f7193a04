from pathlib import Path

import numpy as np
import pytest

from clam_robot.cli.main import main
from clam_robot.episodes.dataset import EpisodeDataset

TWIN = "widowx-twin:reach-block"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("twin") / "recorded"
    assert main(["record", "--out", str(root), "--robot", TWIN, "--source", "expert", "--episodes", "1"]) == 0
    return root


@pytest.mark.slow
def test_the_twin_goes_the_recorded_way_again(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = tmp_path / "again"
    assert main(["replay", str(recorded), "--robot", TWIN, "--speed", "1", "--record", str(again)]) == 0
    assert "hand" in capsys.readouterr().out
    (before,), (after,) = EpisodeDataset(recorded), EpisodeDataset(again)
    hand = before.spec.state.points["hand"]
    length = min(len(before), len(after))
    assert length >= len(before) - 1
    assert np.linalg.norm(before.state[:length, hand] - after.state[:length, hand], axis=1).max() < 0.02
    assert after.source == "replay"


@pytest.mark.slow
def test_half_the_speed_takes_twice_as_long(recorded: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    assert main(["replay", str(recorded), "--robot", TWIN, "--record", str(again)]) == 0
    (before,), (after,) = EpisodeDataset(recorded), EpisodeDataset(again)
    assert len(after) - 1 == 2 * before.attributes.num_labeled


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--episode", "4"], "expected 0 to 0, found 4"), (["--speed", "2"], "at most 1, found 2")],
)
def test_mistakes_are_one_line(
    recorded: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(["replay", str(recorded), *words])
    except SystemExit as error:
        code = error.code
    assert code == 2
    found = capsys.readouterr()
    assert message in " ".join((found.err + found.out).split())
