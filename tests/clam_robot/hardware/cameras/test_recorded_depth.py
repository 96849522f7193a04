"""From a RealSense through its real pipeline, thread, arm and recorder to an episode with depth."""

from pathlib import Path

import numpy as np

from clam_robot.control.loop import ControlLoop, LoopConfig
from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.episodes.recorder import Recorder
from clam_robot.hardware.cameras.camera_bench import CameraBench
from clam_robot.hardware.cameras.camera_thread import CameraThread
from clam_robot.hardware.cameras.realsense import RealSense
from clam_robot.hardware.cameras.rig import CameraRig
from clam_robot.hardware.cameras.setup import RealSenseSetup
from clam_robot.hardware.widowx import WidowX, WidowXConfig
from clam_robot.hardware.widowx_spec import ActionConfig
from clam_robot.specs import CameraSpec
from clam_robot.testing.fake_camera import FakeCamera
from clam_robot.testing.fake_driver import FakeDriver
from clam_robot.testing.fakes import FakePolicy
from clam_robot.timing import MonotonicClock
from clam_robot.types import EpisodeStart
from tests.clam_robot.hardware.cameras.software_realsense import (
    BAR,
    FAR,
    FPS,
    HEIGHT,
    NEAR,
    SERIAL,
    WIDTH,
    SoftwareRealSense,
)
from tests.programs import WITHIN

CLOCK = MonotonicClock()
STILL = np.array([0, 0, 0, 0, 0, 0, 1], np.float32)
NUM_STEPS = 10


def test_an_episode_has_the_depth_of_every_frame_the_camera_took(tmp_path: Path) -> None:
    device = SoftwareRealSense(clock=CLOCK.now)
    setup = RealSenseSetup(serial=SERIAL, width=WIDTH, height=HEIGHT, fps=float(FPS), depth=True)
    cameras = {
        "wrist": RealSense(setup, CLOCK, context=device.context),
        "table": FakeCamera(CLOCK, CameraSpec(height=48, width=64), fps=30.0),
    }
    threads = [CameraThread(name, camera, CLOCK) for name, camera in cameras.items()]
    bench = CameraBench(CameraRig(threads), task="look", max_age=5.0, open_timeout=WITHIN)
    arm_setup = WidowXConfig(action=ActionConfig(hz=10.0), self_test=None, park_after=None, velocity=1.0)
    robot = WidowX(FakeDriver(CLOCK), CLOCK, arm_setup, bench=bench)
    try:
        robot.connect()
        with Recorder(tmp_path, depth_units=robot.depth_units) as recorder:
            robot.listen_to_cameras(recorder.on_frame)
            loop = ControlLoop(
                robot,
                FakePolicy(robot.spec, lambda state: STILL),
                clock=CLOCK,
                subscribers=[recorder],
                config=LoopConfig(max_steps=NUM_STEPS, max_held=1000),
            )
            loop.run_episode(EpisodeStart(spec=robot.spec, task="look", source="teleop"))
    finally:
        robot.disconnect()
        device.close()
    episode = EpisodeDataset(tmp_path)[0]
    episode.check()
    assert dict(episode.attributes.depth_units) == {"wrist": 0.001}
    depths = episode.frame_depths["wrist"]
    assert len(depths) == len(episode.frame_times["wrist"]) > NUM_STEPS / 2
    evidence = episode.attributes.recording.cameras["wrist"]
    frames = depths[:]
    is_known = frames.any(axis=(1, 2))
    # What was captured while the episode began may have come with a row, and those bring no depth.
    assert evidence.num_without_depth == (~is_known).sum() <= 1
    middle = frames[is_known, HEIGHT // 2]  # alignment leaves out a few rows of pixels elsewhere
    np.testing.assert_array_equal((middle == NEAR).sum(axis=1), BAR.stop - BAR.start)
    np.testing.assert_array_equal(middle[:, -1], FAR)
    row = len(episode) - 1
    np.testing.assert_array_equal(episode.depths["wrist"][row], depths[int(episode.frame_index["wrist"][row])])
