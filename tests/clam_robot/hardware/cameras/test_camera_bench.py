"""Several cameras as a bench, and what a WidowX sees with them."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest
from jaxtyping import Float64, UInt8

from clam_robot.errors import CameraUnavailable, ConfigError, RobotError, StaleObservation
from clam_robot.hardware.bench import Bench
from clam_robot.hardware.cameras.camera_bench import CameraBench
from clam_robot.hardware.cameras.camera_thread import CameraThread
from clam_robot.hardware.cameras.rig import CameraRig
from clam_robot.hardware.widowx import WidowX, WidowXConfig
from clam_robot.specs import CameraSpec
from clam_robot.testing.fake_camera import FakeCamera
from clam_robot.testing.fake_driver import FakeDriver
from clam_robot.timing import MonotonicClock
from clam_robot.types import TaskStatus
from tests.programs import WITHIN, wait_for

CLOCK = MonotonicClock()
SIZES = {"wrist": CameraSpec(height=48, width=64), "table": CameraSpec(height=24, width=32)}


@pytest.fixture
def cameras() -> dict[str, FakeCamera]:
    return {name: FakeCamera(CLOCK, size) for name, size in SIZES.items()}


@pytest.fixture
def rig(cameras: dict[str, FakeCamera]) -> Iterator[CameraRig]:
    rig = CameraRig([CameraThread(name, camera, CLOCK, first_backoff=0.01) for name, camera in cameras.items()])
    yield rig
    rig.end()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("camera ")]


@dataclass
class OtherBench:
    """Knows a point, the task and a drawn picture."""

    cameras: dict[str, CameraSpec] = field(default_factory=dict)
    task: str = "push"
    points: tuple[str, ...] = ("object",)
    is_missing: bool = False
    is_connected: bool = False
    seed: int | None = None

    def connect(self) -> None:
        if self.is_missing:
            raise RobotError("no bench")
        self.is_connected = True

    def disconnect(self) -> None:
        self.is_connected = False

    def reset(self, seed: int | None) -> None:
        self.seed = seed

    def measure(self) -> list[Float64[np.ndarray, "3"]]:
        return [np.array([0.1, 0.2, 0.3])]

    def frames(self) -> dict[str, tuple[UInt8[np.ndarray, "H W 3"], float]]:
        return {name: (np.zeros(size.shape, np.uint8), 7.0) for name, size in self.cameras.items()}

    def status(self) -> TaskStatus:
        return TaskStatus(success=True, episode_return=1.0, num_steps=3, is_over=False)


def test_cameras_alone_are_a_bench_that_judges_nothing(rig: CameraRig) -> None:
    bench = CameraBench(rig, task="look", max_age=WITHIN, open_timeout=WITHIN)
    assert isinstance(bench, Bench)
    assert (bench.cameras, bench.points, bench.task) == (SIZES, (), "look")
    bench.connect()
    bench.reset(3)
    assert bench.measure() == []
    assert not bench.status().success
    for name, (image, time) in bench.frames().items():
        SIZES[name].validate(image)
        assert time <= CLOCK.now()
    bench.disconnect()
    bench.disconnect()


def test_frames_are_copies_that_the_caller_may_keep(rig: CameraRig, cameras: dict[str, FakeCamera]) -> None:
    bench = CameraBench(rig, max_age=WITHIN, open_timeout=WITHIN)
    bench.connect()
    for camera in cameras.values():
        camera.is_silent = True
    wait_for(lambda: all(thread.problem for thread in rig.threads.values()), "silence")
    image, _ = bench.frames()["wrist"]
    image[:] = 255 - image
    assert not np.array_equal(bench.frames()["wrist"][0], image)


def test_a_missing_camera_is_named_and_the_others_are_closed(rig: CameraRig, cameras: dict[str, FakeCamera]) -> None:
    cameras["table"].is_plugged = False
    with pytest.raises(CameraUnavailable, match="camera table: the fake camera is not plugged in"):
        CameraBench(rig, open_timeout=WITHIN).connect()
    assert not any(thread.is_alive for thread in rig.threads.values())


def test_a_camera_that_falls_silent_is_named(rig: CameraRig, cameras: dict[str, FakeCamera]) -> None:
    bench = CameraBench(rig, max_age=0.0, open_timeout=WITHIN)
    bench.connect()
    with pytest.raises(StaleObservation, match=r"camera (wrist|table): expected a frame of at most 0 s"):
        bench.frames()


def test_beside_another_bench_it_adds_pictures(rig: CameraRig) -> None:
    other = OtherBench(cameras={"drawn": CameraSpec(height=2, width=3)})
    bench = CameraBench(rig, max_age=WITHIN, open_timeout=WITHIN, beside=other)
    bench.connect()
    bench.reset(5)
    assert other.is_connected and other.seed == 5
    assert (bench.task, bench.points, bench.status().success) == ("push", ("object",), True)
    assert set(bench.cameras) == set(bench.frames()) == {"wrist", "table", "drawn"}
    np.testing.assert_array_equal(bench.measure(), [[0.1, 0.2, 0.3]])
    bench.disconnect()
    assert not other.is_connected


def test_no_camera_stays_open_where_the_other_bench_is_missing(rig: CameraRig) -> None:
    with pytest.raises(RobotError, match="no bench"):
        CameraBench(rig, open_timeout=WITHIN, beside=OtherBench(is_missing=True)).connect()
    assert not any(thread.is_alive for thread in rig.threads.values())


def test_two_cameras_of_one_name_are_refused(rig: CameraRig) -> None:
    with pytest.raises(ConfigError, match="wrist"):
        CameraBench(rig, beside=OtherBench(cameras={"wrist": SIZES["wrist"]}))


def test_a_widowx_sees_with_them(rig: CameraRig) -> None:
    bench = CameraBench(rig, max_age=WITHIN, open_timeout=WITHIN)
    robot = WidowX(FakeDriver(CLOCK), CLOCK, WidowXConfig(self_test=None, park_after=None, velocity=1.0), bench=bench)
    assert robot.spec.cameras == SIZES
    robot.connect()
    try:
        robot.reset()
        first = robot.get_observation()
        first.validate(robot.spec)
        assert set(first.image_times) == set(SIZES)
        wait_for(lambda: robot.get_observation().image_times["wrist"] > first.image_times["wrist"], "a newer picture")
    finally:
        robot.disconnect()


def test_the_skew_is_between_the_newest_frames(rig: CameraRig, cameras: dict[str, FakeCamera]) -> None:
    assert rig.skew() == 0.0
    rig.connect(WITHIN)
    cameras["table"].is_silent = True
    wait_for(lambda: rig.threads["table"].problem is not None, "silence")
    wait_for(lambda: rig.skew() > 0.2, "a skew that grows")
