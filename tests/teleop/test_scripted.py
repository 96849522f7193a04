"""Scripts: what a line may say, and when it is done."""

from pathlib import Path

import pytest

from clam_robot.errors import ConfigError
from clam_robot.timing import ManualClock
from teleop.device import AT_REST, Event, Fingers, Motion, TeleopDevice
from teleop.scripted import EXAMPLE, ScriptedDevice, ScriptRow, load_script
from teleop.testing import TeleopDeviceContract

FORWARDS = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0)


class TestScriptedDevice(TeleopDeviceContract):
    can_be_lost = False

    def make_device(self) -> TeleopDevice:
        self.clock = ManualClock()
        rows = (ScriptRow(seconds=1.0), ScriptRow(seconds=1.0, twist=FORWARDS), ScriptRow(seconds=10.0))
        return ScriptedDevice(rows, self.clock)

    def push(self) -> None:
        self.clock.advance(1.5)

    def let_go(self) -> None:
        self.clock.advance(1.0)

    def wait(self, device: TeleopDevice, *, is_alive: bool = True, is_moving: bool = False) -> Motion:
        motion = device.read()
        assert motion.is_alive is is_alive
        assert (motion.twist != AT_REST) is is_moving
        return motion


def test_rows_last_their_seconds_and_say_their_things_once() -> None:
    clock = ManualClock()
    rows = (
        ScriptRow(seconds=0.2, twist=FORWARDS, event=Event.START, speed=0.5),
        ScriptRow(gripper=Fingers.CLOSE),
        ScriptRow(gripper=Fingers.TOGGLE, event=Event.KEEP),
        ScriptRow(seconds=0.1, clutch=False),
    )
    device = ScriptedDevice(rows, clock)
    device.open()
    assert device.read() == Motion()
    read: list[Motion] = []
    for _ in range(5):
        read.append(device.read())
        clock.advance(0.1)
    assert read == [
        Motion(twist=FORWARDS, speed=0.5, events=(Event.START,)),
        Motion(twist=FORWARDS, speed=0.5),
        Motion(clutch=False, gripper=Fingers.OPEN, events=(Event.KEEP,)),
        Motion(events=(Event.QUIT,)),
        Motion(),
    ]


def test_what_was_slept_through_is_still_said_but_not_moved() -> None:
    clock = ManualClock()
    device = ScriptedDevice((ScriptRow(seconds=1.0, twist=FORWARDS, event=Event.START, gripper=0.25),), clock)
    device.open()
    device.read()
    clock.advance(60.0)
    assert device.read() == Motion(gripper=0.25, events=(Event.START, Event.QUIT))


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "script.jsonl"
    path.write_text(f'# forwards\n{EXAMPLE}\n\n{{"gripper": "close", "event": "success"}}\n{{"gripper": 0.5}}\n')
    assert load_script(path) == (
        ScriptRow(seconds=1.0, twist=FORWARDS),
        ScriptRow(gripper=Fingers.CLOSE, event=Event.SUCCESS),
        ScriptRow(gripper=0.5),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["no rows", "seconds"]),
        ("{}\n{", ["line 2", "not JSON"]),
        ('{"twist": [2, 0, 0, 0, 0, 0]}', ["line 1", "-1 to 1"]),
        ('{"twist": [1, 0, 0]}', ["line 1", "twist"]),
        ('{"seconds": -1}', ["line 1", "seconds"]),
        ('{"second": 1}', ["line 1", "'second'", "seconds"]),
        ('{"gripper": "shut"}', ["line 1", "gripper"]),
    ],
)
def test_a_file_that_is_no_script_is_named_by_its_line(tmp_path: Path, text: str, words: list[str]) -> None:
    path = tmp_path / "script.jsonl"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        load_script(path)
    for word in [str(path), *words]:
        assert word in str(error.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no script at"):
        load_script(tmp_path / "script.jsonl")
