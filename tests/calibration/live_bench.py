"""A twin with a board and two cameras, and a folder in which commands are given, as a person would."""

import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import RigidTransform

from calibration.board import Board
from clam_robot.cli.exits import EXIT_INTERRUPTED
from clam_robot.hardware.calibration.calibration import Calibration, load_calibration, save_calibration
from clam_robot.hardware.calibration.camera_calibration import CameraCalibration
from clam_robot.hardware.calibration.intrinsics import Intrinsics
from clam_robot.hardware.dynamixel_driver import DynamixelConfig, DynamixelDriver
from clam_robot.hardware.widowx import START
from clam_robot.hardware.wx250s import NUM_JOINTS
from clam_robot.timing import MonotonicClock
from sim.widowx.bare_table import BareTable
from sim.widowx.board_print import BoardPrint
from sim.widowx.board_scene import TOOL_IN_HAND
from sim.widowx.photographer import camera_pose
from sim.widowx.scene import scene_model
from sim.widowx.scene_board import SceneBoard
from sim.widowx.twin_process import TwinProcess
from tests.calibration.known_cameras import known_lens, known_place
from tests.programs import REPLY_TIMEOUT, clam

ARM = "twin 1"
BOARD = Board()
LENS = Intrinsics(width=320, height=240, fx=300.0, fy=298.0, cx=161.0, cy=118.0, distortion=(0.05, -0.1, 0.0, 0.0, 0.0))
FAR_LENS = replace(LENS, width=640, height=480, fx=601.0, fy=598.0, cx=322.0, cy=238.0)
STILL = 5e-4  # as it sags after it was put there [rad]
LONGEST = 400.0  # of a command on a busy machine [s]
TRIES = 3  # of a swing, which a busy machine can spoil


class LiveBench:
    """Its cameras are `wrist` and `over_shoulder`.

    Args:
        twin: with a board.
        folder: to work in.

    Attributes:
        place: true pose of the wrist's camera in the tool's frame.
        stand_place: that of the other in the base's.
        wrist_setup: what stands of it in `cameras.toml`.
    """

    def __init__(self, twin: TwinProcess, folder: Path) -> None:
        self.twin, self.folder = twin, folder
        host, port = twin.address
        setups = [
            f'[cameras.{name}]\nkind = "twin"\naddress = "{host}:{port}"\nview = "{name}"\nwidth = {lens.width}\n'
            f"height = {lens.height}\nfps = 15.0\nlens = {lens.vector.tolist()}\nnoise = 2.0\n"
            for name, lens in (("wrist", LENS), ("over_shoulder", FAR_LENS))
        ]
        self.wrist_setup = setups[0]
        (folder / "cameras.toml").write_text("".join(setups))
        on_table = SceneBoard(BoardPrint(picture=BOARD.picture(16), size=BOARD.size), "table")
        model: Any = scene_model(BareTable().add_to)
        self.place = RigidTransform.from_translation(TOOL_IN_HAND).inv() * camera_pose(model.camera("wrist"))
        self.stand_place = camera_pose(model.camera("over_shoulder"))
        there = on_table.for_picture("wrist")
        assert there is not None
        self._table = there.pose

    def calibrate(self, *words: str, code: int = 0, again: str | None = None) -> str:
        """What a command says, and how it ends; the same once more where it asks for `again`, as a person would."""
        here = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}

        def once() -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                clam("calibrate", *words), cwd=self.folder, env=here, capture_output=True, text=True, timeout=LONGEST
            )

        done, tries = once(), 1
        while again is not None and again in " ".join(done.stderr.split()) and tries < TRIES:
            done, tries = once(), tries + 1
        assert done.returncode == code, done.stdout + done.stderr
        return " ".join((done.stdout + done.stderr).split())

    def interrupt(self, until: str, *words: str) -> str:
        """What a command says that Ctrl-C ends once it said something."""
        here = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        with subprocess.Popen(
            clam("calibrate", *words),
            cwd=self.folder,
            env=here,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            assert process.stdout is not None
            said = ""
            while until not in said and (line := process.stdout.readline()):
                said += line
            process.send_signal(signal.SIGINT)
            said += process.communicate(timeout=LONGEST)[0]
        assert process.returncode == EXIT_INTERRUPTED, said
        return " ".join(said.split())

    def arm(self) -> tuple[str, ...]:
        """The words that name it."""
        return ("--port", str(self.twin.port), "--reply-timeout", str(REPLY_TIMEOUT), "--arm-serial", ARM)

    def know(self, file: str) -> None:
        """A calibration that is right: of both lenses, and of the camera on the wrist with the board on the table."""
        wrist = known_place("wrist", self.place, self._table, BOARD)
        cameras = {
            "wrist": CameraCalibration(serial="twin wrist", intrinsics=known_lens(LENS), hand_eye=wrist),
            "over_shoulder": CameraCalibration(serial="twin over_shoulder", intrinsics=known_lens(FAR_LENS)),
        }
        save_calibration(Calibration(arm_serial=ARM, cameras=cameras), self.folder / file)

    def known(self, file: str) -> Calibration:
        """What a file says now."""
        return load_calibration(self.folder / file)

    def start(self) -> None:
        """The arm stands where episodes start, and its servos hold it; nothing is wrong, the board is on the table."""
        setup = DynamixelConfig(port=str(self.twin.port), reply_timeout=REPLY_TIMEOUT, stale_after=2.0 * REPLY_TIMEOUT)
        clock = MonotonicClock()
        driver = DynamixelDriver(setup, clock)
        with self.twin.client() as truth:
            truth.fault("clear")
            for each in ("board", "wrist", "over_shoulder"):
                truth.shift(each, [0.0] * 6)
            truth.board("table")
            truth.place(START)
            driver.connect()
            try:
                driver.prepare(profile_velocity=200, profile_acceleration=60)
            finally:
                driver.disconnect()
            truth.place(START)
            before = np.full(NUM_JOINTS, np.inf)
            while np.abs((now := np.array(truth.state().position)) - before).max() > STILL:
                before = now
                clock.sleep_until(clock.now() + 0.2)


def off(found: RigidTransform, wanted: RigidTransform) -> tuple[float, float]:
    """By how much a pose is off [m], [rad]."""
    turn = (found.rotation * wanted.rotation.inv()).magnitude()
    return float(np.linalg.norm(found.translation - wanted.translation)), float(turn)
