"""Commands read data sets at URLs, and say what is wrong with one."""

import os
import re
import subprocess
import sys
from pathlib import Path

import fsspec
import pytest
import torch

from clam_robot.cli.main import main
from clam_robot.episodes import attributes, damage
from clam_robot.episodes.stores.opening import finished_episodes, open_store
from clam_robot.training.config import TrainConfig
from clam_robot.training.data import load_training_data
from tests.programs import clam, wait_for


@pytest.fixture
def there(recorded: Path, url: str) -> str:
    """The data set at a URL."""
    assert main(["copy", str(recorded), url]) == 0
    return url


def test_copy_says_what_is_there_already(recorded: Path, there: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["copy", str(recorded), there]) == 0
    assert "copied 0 episodes, 2 were there" in capsys.readouterr().out


def test_a_data_set_at_a_url_is_inspected_and_verified(there: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", there]) == 0
    assert there in capsys.readouterr().out
    assert main(["verify", there]) == 0
    assert "verified 2 episodes: no damage" in capsys.readouterr().out


def test_verify_reads_what_is_there_and_not_what_was_fetched_before(
    there: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["view", there, "--out", str(tmp_path / "seen.rrd")]) == 0
    fs, root = fsspec.core.url_to_fs(there)
    fs.pipe_file(f"{root}/episode_000000/state/c.0.0", b"rubbish")
    assert main(["verify", there]) == 2
    assert f"{there}/episode_000000: array state" in capsys.readouterr().err


def test_a_copy_that_is_not_finished_is_told_of(there: str, capsys: pytest.CaptureFixture[str]) -> None:
    open_store(there).claim("episode_000009", b"{}")
    for verb in ("inspect", "verify"):
        assert main([verb, there]) == 0
        assert "the copy of episode_000009 to here" in capsys.readouterr().out


def test_a_data_set_at_a_url_is_reported_viewed_and_exported(memory_url: str, recorded: Path, tmp_path: Path) -> None:
    assert main(["copy", str(recorded), memory_url]) == 0
    made = {name: tmp_path / name for name in ("page.html", "episode.rrd", "exported")}
    assert main(["report", memory_url, "--out", str(made["page.html"])]) == 0
    assert main(["view", memory_url, "--episode", "1", "--out", str(made["episode.rrd"])]) == 0
    assert main(["export", memory_url, str(made["exported"]), "--to", "replay-buffer"]) == 0
    assert all(path.exists() for path in made.values())


def test_scripted_episodes_are_copied_while_they_are_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--robot", "metaworld:reach", "--horizon", "12", "--keep-all", "--episodes", "2"]
    assert main(["record", "--out", str(tmp_path / "here"), *words, "--mirror", str(tmp_path / "there")]) == 0
    assert "2 episodes at" in capsys.readouterr().out
    assert len(finished_episodes(open_store(tmp_path / "there"))) == 2


def test_training_learns_from_a_url_what_it_learns_from_the_folder(there: str, recorded: Path, cache: Path) -> None:
    here, elsewhere = (
        load_training_data(TrainConfig(method="bc-play", play=place, num_labeled=2)).play for place in (recorded, there)
    )
    assert here is not None
    assert elsewhere is not None
    assert torch.equal(here.states, elsewhere.states)
    assert torch.equal(here.action, elsewhere.action)
    assert not list(cache.rglob("images/*"))


@pytest.mark.parametrize("verb", [["record", "--out"], ["repair"], ["export", "DATA"]])
def test_what_is_written_is_not_written_to_a_url(
    verb: list[str], recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(recorded) if word == "DATA" else word for word in verb]
    assert main([*words, "s3://lab/x"]) == 2
    assert "expected a folder of this machine, found the URL s3://lab/x" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["ftp://127.0.0.1:9/data", "ftp://nobody.invalid/data"])
def test_a_store_that_is_called_at_once_and_does_not_answer_is_one_line(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", url]) == 2
    assert re.match(rf"error: {url}: .*is there a network", " ".join(capsys.readouterr().err.split()))


@pytest.mark.parametrize(
    ("changed", "code", "expected"),
    [
        ({}, "", "bucket does not exist; make the bucket"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "", "Unable to locate credentials; give some with"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "", "Could not connect .* is there a network"),
        ({}, "import sys; sys.modules['s3fs'] = None", r"pip install 'clam-robot\[cloud\]'"),
        ({}, "import sys; sys.modules['fsspec'] = None", r"needs fsspec; .*pip install 'clam-robot\[cloud\]'"),
    ],
    ids=["no bucket", "no credentials", "no network", "no s3fs", "no fsspec"],
)
def test_what_is_missing_is_said_in_a_line(
    s3: dict[str, str], changed: dict[str, str], code: str, expected: str
) -> None:
    environment = {name: value for name, value in (os.environ | s3 | changed).items() if value}
    program = f"{code}\nfrom clam_robot.cli.main import main\nraise SystemExit(main(['inspect', 's3://nobody/data']))"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    assert re.search(expected, done.stderr), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("num_files", [1, 9, 33])
def test_a_copy_that_was_killed_is_gone_on_with(
    recorded: Path, s3_url: str, s3: dict[str, str], num_files: int, tmp_path: Path
) -> None:
    def num_there() -> int:
        return sum(len(each.files) for each in open_store(s3_url).look().values())

    process = subprocess.Popen(clam("copy", str(recorded), s3_url), stdout=subprocess.DEVNULL)
    wait_for(lambda: num_there() >= num_files or process.poll() is not None, "files of the copy", within=300.0)
    process.kill()
    process.wait()
    before = [name for name, each in open_store(s3_url).look().items() if each.is_finished]
    assert main(["copy", s3_url, str(tmp_path / "early")]) == (0 if before else 2)
    assert main(["copy", str(recorded), s3_url]) == 0
    assert main(["copy", s3_url, str(tmp_path / "back")]) == 0
    assert list(finished_episodes(open_store(s3_url))) == ["episode_000000", "episode_000001"]
    for root in (tmp_path / "early", tmp_path / "back"):
        for episode in root.glob("episode_*"):
            assert not list(damage.find(episode, attributes.read(episode)))
            for path in (path for path in episode.rglob("*") if path.is_file()):
                assert path.read_bytes() == (recorded / path.relative_to(root)).read_bytes()
