"""From cameras to a stored episode, with one of them unplugged and plugged in again on the way."""

from pathlib import Path

import numpy as np

from clam_robot.control.loop import ControlLoop, LoopConfig
from clam_robot.episodes.reader import Episode
from clam_robot.episodes.recorder import Recorder
from clam_robot.hardware.cameras.camera_bench import CameraBench
from clam_robot.hardware.cameras.camera_thread import CameraThread
from clam_robot.hardware.cameras.rig import CameraRig
from clam_robot.hardware.widowx import WidowX, WidowXConfig
from clam_robot.hardware.widowx_spec import ActionConfig
from clam_robot.specs import CameraSpec
from clam_robot.testing.fake_camera import FakeCamera
from clam_robot.testing.fake_driver import FakeDriver
from clam_robot.testing.fakes import FakePolicy
from clam_robot.timing import MonotonicClock
from clam_robot.types import EpisodeOutcome, EpisodeStart, Step
from tests.programs import WITHIN

CLOCK = MonotonicClock()
SIZE = CameraSpec(height=48, width=64)
STILL = np.array([0, 0, 0, 0, 0, 0, 1], np.float32)
NUM_STEPS = 20
HZ = 20.0


class Unplugger:
    """Pulls a camera out at the fifth step."""

    def __init__(self, camera: FakeCamera) -> None:
        self._camera, self._num_steps = camera, 0

    def on_episode_start(self, start: EpisodeStart) -> None: ...

    def on_step(self, step: Step) -> None:
        self._num_steps += 1
        if self._num_steps == 5:
            self._camera.is_plugged = False

    def on_episode_end(self, outcome: EpisodeOutcome) -> None: ...


class HoldingWidowX(WidowX):
    """Counts its holds while the camera is out, and plugs it in again after the third."""

    camera: FakeCamera
    num_holds = 0

    def hold(self) -> None:
        super().hold()
        if not self.camera.is_plugged:
            self.num_holds += 1
            self.camera.is_plugged = self.num_holds >= 3


def test_an_episode_goes_on_when_a_camera_is_back_and_keeps_pictures_and_their_times(tmp_path: Path) -> None:
    cameras = {name: FakeCamera(CLOCK, SIZE, fps=60.0) for name in ("wrist", "table")}
    threads = [CameraThread(name, camera, CLOCK, first_backoff=0.01) for name, camera in cameras.items()]
    bench = CameraBench(CameraRig(threads), task="look", max_age=0.25, open_timeout=WITHIN)
    setup = WidowXConfig(action=ActionConfig(hz=HZ), self_test=None, park_after=None, velocity=1.0)
    robot = HoldingWidowX(FakeDriver(CLOCK), CLOCK, setup, bench=bench)
    robot.camera = cameras["wrist"]
    robot.connect()
    try:
        with Recorder(tmp_path) as recorder:
            loop = ControlLoop(
                robot,
                FakePolicy(robot.spec, lambda state: STILL),
                clock=CLOCK,
                subscribers=[recorder, Unplugger(cameras["wrist"])],
                config=LoopConfig(max_steps=NUM_STEPS, max_held=1000),
            )
            outcome = loop.run_episode(EpisodeStart(spec=robot.spec, task="look", source="policy"))
            assert outcome.num_held >= 3
    finally:
        robot.disconnect()
    episode = Episode(recorder.paths[0])
    episode.check()
    assert len(episode) == NUM_STEPS + 1
    for name in cameras:
        assert episode.images[name][0].shape == SIZE.shape
        times = episode.image_times[name]
        assert (np.diff(times) >= 0).all()
        age = episode.time - times
        assert (times <= CLOCK.now()).all() and age.max() <= 0.25
    # Three holds lie between two steps, so at least that many periods, whatever the moment of unplugging.
    assert np.diff(episode.time).max() > 3 / HZ, "while the camera was out nothing was recorded"
