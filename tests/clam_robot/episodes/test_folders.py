import subprocess
import sys
from pathlib import Path

from clam_robot.episodes import folders

CLAIM = """
import sys
from pathlib import Path
from clam_robot.episodes import folders
root = Path(sys.argv[1])
sys.stdin.readline()
for turn in range(60):
    partial = folders.claim(root)
    (partial / "owner").write_text(sys.argv[2])
    if turn % 3:
        partial.rename(folders.final_path(partial))
"""


def test_numbers_go_on_after_the_last_finished_or_partial_episode(tmp_path: Path) -> None:
    assert folders.claim(tmp_path / "new").name == ".episode_000000.partial"
    (tmp_path / "episode_000007").mkdir()
    assert folders.claim(tmp_path).name == ".episode_000008.partial"
    assert folders.claim(tmp_path).name == ".episode_000009.partial"
    assert folders.finished_episodes(tmp_path) == ["episode_000007"]
    assert folders.partial_episodes(tmp_path) == [".episode_000008.partial", ".episode_000009.partial"]


def test_a_million_episodes_stay_in_order(tmp_path: Path) -> None:
    for name in ("episode_1000000", "episode_999999", "episode_000001", "episode_12", "notes", "index.jsonl"):
        (tmp_path / name).mkdir()
    assert folders.finished_episodes(tmp_path) == ["episode_000001", "episode_999999", "episode_1000000"]
    assert folders.final_path(folders.claim(tmp_path)).name == "episode_1000001"


def test_several_processes_never_claim_the_same_name(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", CLAIM, str(tmp_path)]
    processes = [subprocess.Popen([*arguments, str(k)], stdin=subprocess.PIPE, text=True) for k in range(3)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.close()
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    finished, partial = folders.finished_episodes(tmp_path), folders.partial_episodes(tmp_path)
    assert (len(finished), len(partial)) == (120, 60)
    numbers = {name.strip(".").removesuffix(".partial") for name in [*finished, *partial]}
    assert len(numbers) == 180
    owners = [(tmp_path / name / "owner").read_text() for name in [*finished, *partial]]
    assert [owners.count(str(k)) for k in range(3)] == [60, 60, 60]


def test_size_counts_every_file_once(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/c").write_bytes(b"x" * 70)
    (tmp_path / "d").write_bytes(b"x" * 7)
    assert folders.num_bytes(tmp_path) == 77
