"""A person drives a simulated arm: the command in its own process, on a terminal of its own, in real time."""

import re
import signal
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from clam_robot.timing import ManualClock
from sim.registry import make_robot
from sim.widowx.twin_process import TwinProcess
from tests.e2e.conftest import clam
from tests.e2e.desk import Desk
from tests.teleop.fake_phone import FakePhone

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.xdist_group("arm")]

_NUMBER = r"([+-]\d\.\d+)"


class Driver(Desk):
    """Before `clam teleop`."""

    @property
    def hand(self) -> np.ndarray:
        """Where the live line last said it is [m]."""
        found = re.findall(rf"xyz {_NUMBER} {_NUMBER} {_NUMBER}", self.printed)
        return np.array([float(each) for each in found[-1]])


@contextmanager
def desk(*words: str) -> Iterator[Driver]:
    found = Driver("teleop", *words)
    try:
        yield found
    finally:
        found.close()


def test_keys_move_the_arm_stop_it_and_clear_the_stop_and_leave_the_terminal_as_it_was() -> None:
    with desk("--device", "keyboard", "--robot", "widowx-twin:reach-block") as person:
        person.wait(lambda: "m/s" in person.printed)
        begin = person.hand
        person.hold(b"w", until=lambda: person.hand[0] > begin[0] + 0.03)
        person.hold(b"a", until=lambda: person.hand[1] > begin[1] + 0.03)
        person.hold(b"\x1b[5~", until=lambda: person.hand[2] > begin[2] + 0.02)
        person.press(b"g")
        person.wait(lambda: "grip 0%" in person.printed)

        person.press(b"z")
        # Logged at once, and told when the command waits for the stop to be cleared.
        person.wait(lambda: person.printed.count("stopped: a key was pressed") == 2)
        person.press(b"c")
        person.wait(lambda: "cleared" in person.printed and "grip 100%" in person.printed.rpartition("cleared")[2])
        np.testing.assert_allclose(person.hand, begin, atol=0.01)  # back at its start

        assert termios.tcgetattr(person.screen) != person.before
        person.press(b"\x03")
        assert person.leave() == 130
        assert termios.tcgetattr(person.screen) == person.before
        assert "Traceback" not in person.printed


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_who_ends_the_command_gets_the_terminal_back(number: signal.Signals) -> None:
    with desk("--device", "keyboard", "--robot", "metaworld:reach") as person:
        person.wait(lambda: "m/s" in person.printed)
        assert termios.tcgetattr(person.screen) != person.before
        person.process.send_signal(number)
        assert person.leave() == 128 + number
        assert termios.tcgetattr(person.screen) == person.before
        assert "Traceback" not in person.printed


def test_a_script_solves_a_task_in_real_time(tmp_path: Path) -> None:
    robot = make_robot("metaworld:reach", ManualClock())
    robot.connect()
    robot.reset(3)
    state, index = robot.get_observation().state, robot.spec.state.index
    x, y, z = (float(state[index(f"goal_{axis}")] - state[index(f"hand_{axis}")]) for axis in "xyz")
    robot.disconnect()
    # Its forwards is y and its left is -x.
    along = np.array([y, -x, z])
    speed, size = 0.15, float(np.linalg.norm(along))
    twist = ", ".join(f"{each:.4f}" for each in [*(along / size), 0.0, 0.0, 0.0])
    script = tmp_path / "reach.jsonl"
    script.write_text(f'{{"seconds": {size / speed:.3f}, "twist": [{twist}]}}\n{{"seconds": 1.0}}\n')
    words = ("--device", "script", "--script", script, "--robot", "metaworld:reach", "--seed", 3)
    begin = time.monotonic()
    done = clam("teleop", *words, "--translation-speed", speed, "--exponent", 1, "--deadband", 0)
    assert done.returncode == 0, done.stderr
    assert "solved" in done.stdout and "not solved" not in done.stdout
    assert time.monotonic() - begin > size / speed + 1.0  # as long as it takes by hand


def test_a_leader_that_stands_elsewhere_is_refused_with_its_joints() -> None:
    with TwinProcess() as leader, leader.client() as hand:
        hand.place([0.4, -1.8, 1.55, 0.0, 0.8, 0.0])
        words = ("--device", "leader", "--leader.port", leader.port, "--leader.reply-timeout", 0.25)
        refused = clam("teleop", *words, "--leader.stale-after", 5, "--robot", "widowx-twin:reach-block")
    assert refused.returncode == 2
    (line,) = refused.stderr.strip().splitlines()
    assert "waist: leader +0.40, follower" in line
    assert "wrist_rotate" not in line


def test_a_phone_drives_the_arm_and_its_stop_holds_it() -> None:
    words = ("--phone.address", "127.0.0.1:0", "--phone.max-age", "1", "--robot", "widowx-twin:reach-block")
    with desk("--device", "phone", *words) as found:
        found.wait(lambda: re.search(r"open on the phone: \S+[\r\n]", found.printed))
        (url,) = re.findall(r"open on the phone: (\S+)", found.printed)
        assert "██ ▄▄▄▄▄ █" in found.printed  # the picture for its camera
        phone = FakePhone(url)
        try:
            told = len(found.printed)
            found.wait(lambda: found.printed[told:].count("xyz ") > 2)  # a phone that was seen at rest may move
            before = found.hand
            phone.say(twist=[0.0, 0.0, -0.6, 0.0, 0.0, 0.0], clutch=True)
            found.wait(lambda: found.hand[2] < before[2] - 0.01)
            phone.say(twist=[0.0] * 6, clutch=False, events=["stop"])
            found.wait(lambda: "stopped:" in found.printed)
        finally:
            phone.hang_up()
        found.process.send_signal(signal.SIGTERM)
        found.leave()


def test_the_list_names_every_device_and_what_to_do() -> None:
    listed = clam("teleop", "--list")
    assert listed.returncode == 0
    lines = listed.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["keyboard", "gamepad", "spacemouse", "leader", "phone", "script"]
    assert "ssh -t" in lines[0]
    assert "--leader.port" in lines[3]
    assert "--phone.address 0.0.0.0:8090" in lines[4]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--device", "keyboard"], "ssh -t"),
        (["--device", "script"], "--script"),
        (["--device", "leader", "--leader.port", "/dev/none"], "/dev/none"),
        (["--device", "leader", "--robot", "widowx", "--leader.port", "/dev/x", "--port", "/dev/x"], "--leader.port"),
        (["--device", "keyboard", "--robot", "dmcontrol:cheetah-run"], "dx, dy, dz"),
        (["--device", "keyboard", "--robot", "widowx-twin:reach-blok"], "reach-block"),
        (["--robot", "metaworld:reach", "--deadband", "2"], "deadband"),
        (["--seconds", "0"], "--seconds"),
    ],
)
def test_mistakes_are_one_line_that_says_what_to_do(words: list[str], expected: str) -> None:
    failed = clam("teleop", *words)
    assert failed.returncode == 2
    (line,) = failed.stderr.strip().splitlines()
    assert line.startswith("error: ") and expected in line
