"""A person records in the twin: the command in its own process, on a terminal of its own, in real time."""

import json
import signal
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clam_robot.episodes import EpisodeDataset, attributes, folders
from tests.e2e.desk import Desk
from tests.programs import clam

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.xdist_group("arm")]

# A busy machine cannot keep the rate; what is refused for it is tried elsewhere.
SLOW = ("--accept-poor", "--countdown", "0.5")


class Operator(Desk):
    """Before `clam record`; looks only at what came since the last look."""

    def __init__(self, *words: str) -> None:
        super().__init__("record", "--device", "keyboard", *words, columns=80, lines=24)
        self._seen = 0

    def see(self, *texts: str) -> None:
        """Wait until the terminal shows them."""
        self.wait(lambda: all(text in self.printed[self._seen :] for text in texts))
        self._seen = len(self.printed)

    def record(self, move: bytes = b"w") -> None:
        """Begin an episode and drive for a while."""
        self.press(b"\r")
        self.see("RECORDING")
        begin = self.num_redrawn
        self.hold(move, until=lambda: self.num_redrawn > begin + 10)

    @property
    def num_redrawn(self) -> int:
        return self.printed.count("RECORDING")


@contextmanager
def operator(*words: str) -> Iterator[Operator]:
    found = Operator(*words)
    try:
        yield found
    finally:
        found.close()


def test_a_person_records_redoes_discards_is_cut_off_and_goes_on(tmp_path: Path) -> None:
    data = tmp_path / "demos"
    words = ("--robot", "widowx-twin:reach-block", "--out", str(data), "--operator", "ada", "--episodes", "5", *SLOW)
    with operator(*words) as person:
        person.see("READY", "kept 0 of 5")
        person.record()
        person.press(b"y")
        person.see("kept episode_000000 (success")

        person.record(b"a")
        person.press(b"n")
        person.see("discarded; once more from the start")
        person.see("RECORDING")
        begin = person.num_redrawn
        person.wait(lambda: person.num_redrawn > begin + 5)
        person.press(b"x")
        person.see("(failure", "2 of 5")

        person.record()
        person.press(b"\x7f")
        person.see("discarded 2 now")

        person.record()
        person.press(b".")
        person.see("REVIEW")
        person.press(b"m")
        person.see("note:")
        person.press(b"wobbly [wasd g]\r")
        person.see("noted: wobbly [wasd g]")
        person.press(b"?")
        person.see("(unsure", "3 of 5")

        person.record()
        person.press(b".")
        person.see("REVIEW")
        person.process.send_signal(signal.SIGKILL)
        person.leave()
    kept = [attributes.read(data / name) for name in folders.finished_episodes(data)]
    assert [(each.verdict, each.success) for each in kept] == [("success", True), ("failure", False), ("unsure", None)]
    assert [each.notes for each in kept] == ["", "", "wobbly [wasd g]"]
    assert {(each.operator, each.mode, each.source, each.task) for each in kept} == {
        ("ada", "demonstration", "teleop", "reach-block")
    }
    assert len(EpisodeDataset(data).spec.action) == 7

    with operator(*words, "--mode", "play") as person:
        assert person.leave() == 2
        assert "holds episodes of demonstration" in " ".join(person.printed.split())
    with operator(*words) as person:
        person.see("holds 3 of 5 episodes", "1 success, 1 failure, 1 unsure", "1 episode never got a decision")
        person.see("READY")
        person.press(b"\x03")
        assert person.leave() == 0
        assert termios.tcgetattr(person.screen) == person.before
    with operator(*words, "--recover") as person:
        person.see("recovered episode_", "holds 4 of 5 episodes")
        person.see("READY", "kept 4 of 5")
        person.record()
        person.press(b"v")
        assert person.leave() == 0  # as many as wanted
        assert "5 of 5 in" in person.printed
        assert "Traceback" not in person.printed
    assert len(EpisodeDataset(data)) == 5
    assert folders.partial_episodes(data) == []
    recovered = attributes.read(data / folders.finished_episodes(data)[3])
    assert (recovered.end, recovered.length > 5) == ("recovered", True)


def test_a_stop_holds_the_robot_and_the_episode_waits_for_who_clears_it(tmp_path: Path) -> None:
    words = ("--robot", "metaworld:reach", "--out", str(tmp_path / "demos"), "--episodes", "1", *SLOW)
    with operator(*words) as person:
        person.see("READY")
        person.record()
        person.press(b"z")  # means nothing
        person.see("STOPPED", "a key was pressed")
        person.press(b"y")
        person.see("clear the stop first, nothing is lost")
        person.press(b"c")
        person.see("REVIEW")
        person.press(b"x")
        assert person.leave() == 0
        assert "Traceback" not in person.printed
    assert len(EpisodeDataset(tmp_path / "demos")) == 1


def test_ctrl_c_after_the_end_of_a_session_changes_nothing_of_how_it_ended(tmp_path: Path) -> None:
    with operator("--robot", "metaworld:reach", "--out", str(tmp_path / "demos"), "--episodes", "1", *SLOW) as person:
        person.see("READY")
        person.record()
        person.press(b" ")
        person.see("STOPPED")
        person.press(b"c")
        person.see("REVIEW")
        person.press(b"x")
        person.see("in this sitting")
        while person.process.poll() is None:
            person.press(b"\x03")
            time.sleep(0.005)
        assert person.leave() == 0
        assert "Traceback" not in person.printed
        assert "STOPPED, stopped" not in person.printed


def test_ctrl_c_in_an_episode_ends_it_and_a_second_one_leaves_it_to_be_recovered(tmp_path: Path) -> None:
    data = tmp_path / "play"
    with operator("--robot", "metaworld:reach", "--out", str(data), "--mode", "play", *SLOW) as person:
        person.see("READY", "holding something", "workspace")
        person.record()
        person.press(b"\x03")
        person.see("REVIEW")
        person.press(b"\x03")
        assert person.leave() == 0
        assert "1 episode never got a decision" in person.printed
        assert termios.tcgetattr(person.screen) == person.before
        assert "Traceback" not in person.printed
    assert len(folders.partial_episodes(data)) == 1


def test_a_script_records_without_a_terminal_and_prints_plain_lines(tmp_path: Path) -> None:
    rows = [
        {"event": "start", "seconds": 5.0},
        {"seconds": 2.0, "twist": [0.5, 0, 0, 0, 0, 0]},
        {"event": "success", "seconds": 1.0},
        {"event": "start", "seconds": 5.0},
    ]
    script = tmp_path / "script.jsonl"
    script.write_text("\n".join(json.dumps(row) for row in rows))
    words = (
        "--device",
        "script",
        "--script",
        str(script),
        "--robot",
        "metaworld:reach",
        "--out",
        str(tmp_path / "data"),
    )
    done = subprocess.run(
        clam("record", *words, *SLOW), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300.0
    )
    assert done.returncode == 0, done.stderr
    assert "kept episode_000000 (success" in done.stdout
    assert "1 of 20" in done.stdout
    assert "1 episode never got a decision" in done.stdout  # it ended in the middle of the second one
    assert "\x1b" not in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
