"""Cameras that are drawn, played from a file, or seen in the twin's scene."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clam_robot.errors import CameraUnavailable, ConfigError
from clam_robot.hardware.cameras.camera import Camera
from clam_robot.hardware.cameras.pattern_camera import PatternCamera
from clam_robot.hardware.cameras.picture_health import HealthConfig, PictureHealth
from clam_robot.hardware.cameras.setup import PatternSetup, TwinSetup, VideoSetup
from clam_robot.hardware.cameras.video_file import VideoFile
from clam_robot.testing.camera_contract import PATIENCE, CameraContract
from clam_robot.timing import ManualClock, MonotonicClock
from sim.widowx.twin_camera import TwinCamera
from sim.widowx.twin_process import TwinProcess

PATTERN = PatternSetup(width=64, height=48, fps=100.0)
NUM_FRAMES = 20  # of the video


class TestPatternCamera(CameraContract):
    def make_camera(self) -> Camera:
        return PatternCamera(PATTERN, MonotonicClock())


class TestVideoFile(CameraContract):
    @pytest.fixture(autouse=True)
    def _keep_path(self, video: Path) -> None:
        self.path = video

    def make_camera(self) -> Camera:
        return VideoFile(VideoSetup(path=self.path, width=64, height=48, fps=100.0), MonotonicClock())


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with TwinProcess() as twin:
        yield f"{twin.address[0]}:{twin.address[1]}"


class TestTwinCamera(CameraContract):
    @pytest.fixture(autouse=True)
    def _keep_address(self, address: str) -> None:
        self.address = address

    def make_camera(self) -> Camera:
        with_size = TwinSetup(address=self.address, view="over_shoulder", width=64, height=48, fps=20.0)
        return TwinCamera(with_size, MonotonicClock())


def test_the_pattern_moves_and_is_paced_by_the_clock() -> None:
    clock = ManualClock(start=5.0)
    camera = PatternCamera(PATTERN, clock)
    camera.open()
    health = PictureHealth(HealthConfig(frozen_after=0.05, after=0.05))
    for k in range(130):
        frame = camera.read(PATIENCE)
        assert frame.time == pytest.approx(5.0 + (k + 1) / PATTERN.fps)
        assert health.look_at(frame.image, frame.time) == {}


def video_setup(video: Path) -> VideoSetup:
    return VideoSetup(path=video, width=64, height=48, fps=30.0)


def test_a_video_is_shown_in_its_colours_and_order_at_its_pace(video: Path) -> None:
    clock = ManualClock()
    camera = VideoFile(video_setup(video), clock)
    camera.open()
    for k in range(2 * NUM_FRAMES):
        frame = camera.read(PATIENCE)
        shown = k % NUM_FRAMES
        expected = (80 + 6 * shown, 60 + 3 * shown, 40 + 3 * shown)  # RGB
        np.testing.assert_allclose(frame.image.mean(axis=(0, 1)), expected, atol=6)
        assert frame.time == pytest.approx((k + 1) / 30.0)
        assert frame.sequence == k + 1
    camera.close()


def test_a_video_that_is_over_counts_as_unplugged(video: Path) -> None:
    camera = VideoFile(replace(video_setup(video), is_loop=False), ManualClock())
    camera.open()
    for _ in range(NUM_FRAMES):
        camera.read(PATIENCE)
    with pytest.raises(CameraUnavailable, match="is over"):
        camera.read(PATIENCE)
    camera.close()
    with pytest.raises(CameraUnavailable, match="is_loop"):
        camera.open()


def test_a_known_latency_is_taken_off_the_time(video: Path) -> None:
    camera = VideoFile(replace(video_setup(video), latency=0.02), ManualClock())
    camera.open()
    assert camera.read(PATIENCE).time == pytest.approx(1 / 30 - 0.02)
    camera.close()


def test_a_missing_or_unreadable_video_is_told_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(CameraUnavailable, match=r"no video file at .*none\.mp4"):
        VideoFile(video_setup(tmp_path / "none.mp4"), ManualClock()).open()
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(CameraUnavailable, match=r"text\.mp4 is not a video"):
        VideoFile(video_setup(tmp_path / "text.mp4"), ManualClock()).open()


def test_a_view_that_the_twin_lacks_is_told_with_those_it_has(address: str) -> None:
    with pytest.raises(CameraUnavailable, match="no camera 'attic'; there are over_shoulder"):
        TwinCamera(TwinSetup(address=address, view="attic"), MonotonicClock()).open()


def test_a_twin_that_is_not_there_is_told() -> None:
    with pytest.raises(CameraUnavailable, match="clam twin"):
        TwinCamera(TwinSetup(address="127.0.0.1:1", view="over_shoulder"), MonotonicClock()).open()
    with pytest.raises(ConfigError, match="HOST:PORT"):
        TwinCamera(TwinSetup(address="nowhere", view="over_shoulder"), MonotonicClock())


def test_a_twin_that_ends_counts_as_unplugged() -> None:
    with TwinProcess() as twin:
        camera = TwinCamera(
            TwinSetup(address=f"{twin.address[0]}:{twin.address[1]}", view="over_shoulder", width=64, height=48),
            MonotonicClock(),
        )
        camera.open()
        camera.read(PATIENCE)
    with pytest.raises(CameraUnavailable, match="is it running"):
        camera.read(PATIENCE)
    camera.close()
