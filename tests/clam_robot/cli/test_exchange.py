import shutil
from pathlib import Path

import pytest

from clam_robot.cli.main import main
from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.episodes.folder_lock import folder_lock
from clam_robot.specs import CameraSpec
from tests.clam_robot.exchange.comparing import require_same
from tests.clam_robot.exchange.made import Made, made_spec, record_made


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    spec = made_spec(cameras={"front": CameraSpec(height=32, width=48)})
    record_made(tmp_path / "recorded", spec, [Made(length=9), Made(length=5, task="push")])
    return tmp_path / "recorded"


@pytest.mark.parametrize("kind", ["lerobot", "lerobot-v2.1", "replay-buffer"])
def test_an_export_is_imported_without_saying_what_it_is(
    tmp_path: Path, recorded: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(recorded), str(tmp_path / "there"), "--to", kind]) == 0
    assert main(["import", str(tmp_path / "there"), str(tmp_path / "after")]) == 0
    assert "2 episodes in" in capsys.readouterr().out
    require_same(recorded, tmp_path / "after")


def test_neither_way_replaces_what_is_there_untold(
    tmp_path: Path, recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "there").mkdir()
    assert main(["export", str(recorded), str(tmp_path / "there")]) == 2
    assert main(["export", str(recorded), str(tmp_path / "there"), "--overwrite"]) == 0
    assert main(["import", str(tmp_path / "there"), str(recorded)]) == 2
    assert "expected nothing at" in capsys.readouterr().err
    assert len(EpisodeDataset(recorded)) == 2


@pytest.mark.parametrize("to", ["lerobot", "lerobot-v2.1", "replay-buffer"])
@pytest.mark.parametrize("destination", ["recorded", "", "recorded/episode_000001", "link"])
def test_no_export_replaces_what_it_reads(
    tmp_path: Path, recorded: Path, to: str, destination: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "link").symlink_to(recorded)
    assert main(["export", str(recorded), str(tmp_path / destination), "--to", to, "--overwrite"]) == 2
    assert "expected a destination apart from" in " ".join(capsys.readouterr().err.split())
    require_same(recorded, recorded)
    assert len(EpisodeDataset(recorded)) == 2


def test_no_import_replaces_what_it_reads(tmp_path: Path, recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = tmp_path / "there"
    assert main(["export", str(recorded), str(there)]) == 0
    for destination in (there, tmp_path, there / "meta"):
        assert main(["import", str(there), str(destination), "--overwrite"]) == 2
        assert "expected a destination apart from" in " ".join(capsys.readouterr().err.split())
    assert main(["import", str(there), str(there / "new")]) == 0  # replaces nothing
    require_same(recorded, there / "new")


def test_nothing_replaces_a_folder_that_is_being_recorded_into(
    tmp_path: Path, recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(recorded, tmp_path / "other")
    assert main(["export", str(recorded), str(tmp_path / "export")]) == 0
    with folder_lock(tmp_path / "other", "clam record --device keyboard"):
        assert main(["export", str(recorded), str(tmp_path / "other"), "--overwrite"]) == 2
        assert main(["import", str(tmp_path / "export"), str(tmp_path / "other"), "--overwrite"]) == 2
    assert capsys.readouterr().err.count("is in use by clam record --device keyboard") == 2
    assert len(EpisodeDataset(tmp_path / "other")) == 2


def test_films_of_an_export_are_demonstrations_for_its_robot(tmp_path: Path, recorded: Path) -> None:
    assert main(["export", str(recorded), str(tmp_path / "there"), "--to", "lerobot-v2.1"]) == 0
    films = str(tmp_path / "there/videos")
    assert main(["import", films, str(tmp_path / "after"), "--like", str(recorded)]) == 0
    episodes = EpisodeDataset(tmp_path / "after")
    assert [len(episode) for episode in episodes] == [9, 5]
    assert episodes.spec == EpisodeDataset(recorded).spec


@pytest.mark.parametrize("source", ["nowhere", "recorded"])
def test_what_is_nothing_to_import_is_said_in_one_line(
    tmp_path: Path, recorded: Path, source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", str(tmp_path / source), str(tmp_path / "after")]) == 2
    assert "found no" in capsys.readouterr().err
    assert not (tmp_path / "after").exists()
