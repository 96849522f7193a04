"""Commands from the camera and the servo bus to the file, against what the twin knows."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from clam_robot.hardware.calibration.calibration import Calibration, load_calibration
from sim.widowx.twin_process import TwinProcess
from tests.programs import REPLY_TIMEOUT, clam

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("twin"), pytest.mark.timeout(900)]
LENS = (300.0, 298.0, 161.0, 118.0, 0.05, -0.1, 0.0, 0.0, 0.0)
LATE = 0.09  # [s]
LONGEST = 400.0  # of a command on a busy machine [s]


class Bench:
    """A twin, and a folder in which commands are given."""

    def __init__(self, twin: TwinProcess, folder: Path) -> None:
        self.twin, self.folder = twin, folder
        host, port = twin.address
        (folder / "cameras.toml").write_text(
            f'[cameras.wrist]\nkind = "twin"\naddress = "{host}:{port}"\nview = "wrist"\nwidth = 320\nheight = 240\n'
            f"fps = 15.0\nlens = {list(LENS)}\nnoise = 2.0\n"
        )

    def calibrate(self, *words: str) -> str:
        """What it says; the repository is where it is, whatever the folder."""
        here = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        done = subprocess.run(
            clam("calibrate", *words), cwd=self.folder, env=here, capture_output=True, text=True, timeout=LONGEST
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def arm(self) -> tuple[str, ...]:
        """The words that name it."""
        return ("--port", str(self.twin.port), "--reply-timeout", str(REPLY_TIMEOUT), "--arm-serial", "twin 1")

    @property
    def calibration(self) -> Calibration:
        return load_calibration(self.folder / "calibration.json")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with TwinProcess(board="wrist") as twin:
        yield Bench(twin, tmp_path_factory.mktemp("live"))


def test_intrinsics_are_those_of_the_lens(bench: Bench) -> None:
    bench.calibrate("intrinsics", "--camera", "wrist", "--cameras", "cameras.toml")
    found = bench.calibration.camera("wrist").intrinsics.intrinsics
    assert (found.fx, found.fy) == pytest.approx(LENS[:2], rel=0.01)
    assert (found.cx, found.cy) == pytest.approx(LENS[2:4], abs=2.5)


def test_gripper_closes_and_opens_as_far_as_the_fingers_go(bench: Bench) -> None:
    bench.calibrate("gripper", "--yes", *bench.arm())
    assert bench.calibration.arm_serial == "twin 1"
    gripper = bench.calibration.arm.gripper
    assert gripper is not None
    with bench.twin.client() as truth:
        finger = truth.state().finger
    assert gripper.opened == pytest.approx(finger, abs=1e-3)
    assert gripper.closed < 0.5 * gripper.opened


def test_pictures_are_found_to_be_as_late_as_they_are(bench: Bench) -> None:
    with bench.twin.client() as truth:
        truth.board("table")
        truth.fault("picture_latency", value=LATE)
    bench.calibrate("latency", "--cameras", "cameras.toml", "--yes", *bench.arm())
    known = bench.calibration.latency
    assert known is not None
    assert known.command is not None
    assert known.cameras["wrist"].latency.seconds == pytest.approx(LATE, abs=0.025)
    assert known.cameras["wrist"].serial == bench.calibration.camera("wrist").serial
