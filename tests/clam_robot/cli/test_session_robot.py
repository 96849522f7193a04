from pathlib import Path

import numpy as np

from clam_robot.cli.session_robot import record_between_steps
from clam_robot.control.loop import ControlLoop, LoopConfig
from clam_robot.episodes.reader import Episode
from clam_robot.episodes.recorder import Recorder
from clam_robot.hardware.cameras.camera_bench import CameraBench
from clam_robot.hardware.cameras.camera_thread import CameraThread
from clam_robot.hardware.cameras.rig import CameraRig
from clam_robot.hardware.widowx import WidowX, WidowXConfig
from clam_robot.hardware.widowx_spec import ActionConfig
from clam_robot.hardware.wx250s import JOINT_NAMES
from clam_robot.specs import CameraSpec
from clam_robot.testing.fake_camera import FakeCamera
from clam_robot.testing.fake_driver import FakeDriver
from clam_robot.testing.fakes import FakePolicy
from clam_robot.timing import MonotonicClock
from clam_robot.types import EpisodeStart
from tests.programs import WITHIN

CLOCK = MonotonicClock()
STILL = np.array([0, 0, 0, 0, 0, 0, 1], np.float32)


def test_what_joints_and_cameras_measure_between_steps_is_recorded_at_their_own_rates(tmp_path: Path) -> None:
    camera = CameraThread("wrist", FakeCamera(CLOCK, CameraSpec(height=24, width=32), fps=60.0), CLOCK)
    setup = WidowXConfig(action=ActionConfig(hz=5.0), self_test=None, park_after=None, velocity=1.0)
    bench = CameraBench(CameraRig([camera]), max_age=5.0, open_timeout=WITHIN)
    robot = WidowX(FakeDriver(CLOCK), CLOCK, setup, bench=bench)
    recorder = Recorder(tmp_path, joints=JOINT_NAMES)
    record_between_steps(robot, recorder)
    robot.connect()
    try:
        with recorder:
            policy, config = FakePolicy(robot.spec, lambda state: STILL), LoopConfig(max_steps=10, max_held=1000)
            loop = ControlLoop(robot, policy, clock=CLOCK, subscribers=[recorder], config=config)
            loop.run_episode(EpisodeStart(spec=robot.spec, task="look", source="teleop"))
    finally:
        robot.disconnect()
    episode = Episode(recorder.paths[0])
    episode.check()
    samples = episode.joint_samples
    assert samples is not None
    assert episode.attributes.joints == JOINT_NAMES
    assert len(samples.time) > 2 * len(episode)
    assert (np.diff(samples.time) > 0).all()
    assert len(episode.frame_times["wrist"]) > 2 * len(episode)
