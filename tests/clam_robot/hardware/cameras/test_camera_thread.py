"""The thread keeps the newest frame and survives whatever a camera does; the camera is a fake."""

import logging
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from clam_robot.errors import CameraSilent, CameraUnavailable, StaleObservation
from clam_robot.hardware.cameras.camera import Camera, Frame
from clam_robot.hardware.cameras.camera_thread import CameraThread
from clam_robot.hardware.cameras.picture_health import HealthConfig
from clam_robot.hardware.cameras.statistics import CameraTally
from clam_robot.testing.camera_contract import CameraContract
from clam_robot.testing.fake_camera import FakeCamera
from clam_robot.timing import MonotonicClock
from tests.programs import WITHIN, wait_for

QUICK = HealthConfig(frozen_after=0.1, after=0.1)


class TestFakeCamera(CameraContract):
    def make_camera(self) -> Camera:
        return FakeCamera(MonotonicClock())


@pytest.fixture
def camera() -> FakeCamera:
    return FakeCamera(MonotonicClock())


@pytest.fixture
def thread(camera: FakeCamera) -> Iterator[CameraThread]:
    thread = CameraThread("wrist", camera, MonotonicClock(), health=QUICK, silent_after=0.3, first_backoff=0.01)
    thread.start()
    thread.wait_for_first(WITHIN)
    yield thread
    thread.end()
    assert not [each for each in threading.enumerate() if each.name == "camera wrist"]


def wait_for_new_frames(thread: CameraThread, count: int = 3) -> None:
    before = thread.statistics().num_frames
    wait_for(lambda: thread.statistics().num_frames >= before + count, "new frames")


def test_it_keeps_the_newest_frame(thread: CameraThread) -> None:
    first = thread.latest(WITHIN)
    wait_for_new_frames(thread)
    later = thread.latest(WITHIN)
    assert first.sequence is not None and later.sequence is not None
    assert later.sequence >= first.sequence + 3
    assert later.time > first.time


def test_only_its_own_thread_uses_the_camera(thread: CameraThread, camera: FakeCamera) -> None:
    wait_for_new_frames(thread)
    thread.latest(WITHIN)
    assert len(camera.owners) == 1
    assert threading.get_ident() not in camera.owners


def test_an_old_frame_is_refused_by_the_name_of_its_camera_and_the_cause(
    thread: CameraThread, camera: FakeCamera
) -> None:
    camera.is_silent = True
    wait_for(lambda: thread.problem is not None, "silence")
    with pytest.raises(
        StaleObservation, match=r"camera wrist: expected a frame of at most 0 s.*no frame from the fake"
    ):
        thread.latest(0.0)


def test_a_camera_that_is_plugged_in_again_comes_back(thread: CameraThread, camera: FakeCamera) -> None:
    camera.is_plugged = False
    wait_for(lambda: isinstance(thread.problem, CameraUnavailable), "the loss")
    wait_for(lambda: thread.problem is not None and "not plugged in" in str(thread.problem), "an attempt to open it")
    camera.is_plugged = True
    wait_for(lambda: thread.problem is None, "its return")
    wait_for_new_frames(thread)
    assert thread.statistics().num_reconnects == 1


def test_a_camera_that_falls_silent_is_opened_anew(thread: CameraThread, camera: FakeCamera) -> None:
    camera.is_silent = True
    wait_for(lambda: camera.num_opened >= 2, "another attempt")
    camera.is_silent = False
    wait_for_new_frames(thread)


def test_a_camera_that_repeats_one_frame_is_opened_anew(thread: CameraThread, camera: FakeCamera) -> None:
    camera.is_repeating = True
    wait_for(lambda: camera.num_opened >= 2, "another attempt")
    assert thread.statistics().num_duplicates > 0
    camera.is_repeating = False
    wait_for_new_frames(thread)


@pytest.mark.parametrize(
    "failure", [RuntimeError("bus"), OSError(19, "no such device"), ValueError("?"), MemoryError()]
)
def test_whatever_a_driver_raises_the_thread_goes_on(
    thread: CameraThread, camera: FakeCamera, failure: Exception
) -> None:
    camera.failure = lambda: failure
    wait_for(lambda: thread.problem is not None, "the failure")
    assert type(failure).__name__ in str(thread.problem)
    camera.failure = None
    wait_for_new_frames(thread)
    assert thread.is_alive


def test_pictures_of_another_size_are_refused_and_counted(thread: CameraThread, camera: FakeCamera) -> None:
    camera.size = (24, 32)
    wait_for(lambda: thread.statistics().num_refused > 0, "a refusal")
    assert thread.latest(WITHIN).image.shape == (48, 64, 3)
    wait_for(lambda: "expected (48, 64, 3)" in str(thread.problem), "the cause")
    camera.size = None
    wait_for_new_frames(thread)


@pytest.mark.parametrize(
    ("name", "do"),
    [
        ("frozen", lambda camera, is_on: setattr(camera, "is_frozen", is_on)),
        ("dark", lambda camera, is_on: setattr(camera, "brightness", 2 if is_on else 100)),
        ("overexposed", lambda camera, is_on: setattr(camera, "brightness", 254 if is_on else 100)),
    ],
)
def test_a_fault_of_the_pictures_is_told_once_and_taken_back(
    thread: CameraThread,
    camera: FakeCamera,
    name: str,
    do: Callable[[FakeCamera, bool], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    assert name not in thread.health
    do(camera, True)
    wait_for(lambda: name in thread.health, name)
    wait_for_new_frames(thread, 20)
    do(camera, False)
    wait_for(lambda: name not in thread.health, f"the end of {name}")
    told = [record.getMessage() for record in caplog.records]
    assert len([each for each in told if each.startswith(f"camera wrist is {name}")]) == 1
    assert len([each for each in told if each == f"camera wrist is no longer {name}"]) == 1


def test_frames_that_the_device_dropped_are_counted(thread: CameraThread, camera: FakeCamera) -> None:
    camera.skip = 7
    wait_for(lambda: thread.statistics().num_dropped == 7, "the gap")


class HalfSpeed(FakeCamera):
    """Promises twice what it gives."""

    @property
    def fps(self) -> float:
        return 2 * super().fps


def test_a_camera_that_is_slower_than_asked_for_is_told() -> None:
    thread = CameraThread("slow", HalfSpeed(MonotonicClock(), fps=50.0), MonotonicClock())
    thread.start()
    try:
        wait_for(lambda: "slow" in thread.health, "the warning")
        assert "of 100" in thread.health["slow"]
    finally:
        thread.end()


def test_a_camera_that_is_missing_is_told_at_once_and_waited_for(camera: FakeCamera) -> None:
    camera.is_plugged = False
    thread = CameraThread("wrist", camera, MonotonicClock(), first_backoff=0.01)
    thread.start()
    try:
        with pytest.raises(CameraUnavailable, match="camera wrist: the fake camera is not plugged in"):
            thread.wait_for_first(1e6)
        with pytest.raises(StaleObservation, match="camera wrist: no frame yet; the fake camera is not plugged in"):
            thread.latest(WITHIN)
        camera.is_plugged = True
        wait_for(lambda: thread.newest is not None, "a frame")
    finally:
        thread.end()


def test_a_camera_that_never_sends_is_given_up_after_the_timeout(camera: FakeCamera) -> None:
    camera.is_silent = True
    thread = CameraThread("wrist", camera, MonotonicClock(), silent_after=WITHIN)
    thread.start()
    try:
        with pytest.raises(CameraSilent, match="camera wrist"):
            thread.wait_for_first(0.1)
    finally:
        thread.end()


def test_it_may_be_started_and_ended_twice_and_again(camera: FakeCamera) -> None:
    thread = CameraThread("wrist", camera, MonotonicClock())
    thread.end()
    for _ in range(2):
        thread.start()
        thread.start()
        thread.wait_for_first(WITHIN)
        assert thread.is_alive
        thread.end()
        thread.end()
        assert not thread.is_alive
    assert camera.num_opened == 2


def frame(time: float, sequence: int | None = None) -> Frame:
    return Frame(image=np.zeros((2, 2, 3), np.uint8), time=time, sequence=sequence)


def test_without_a_count_gaps_between_times_are_drops_and_equal_times_duplicates() -> None:
    tally = CameraTally(fps=10.0)
    tally.begin()
    taken = [tally.add(frame(time), time + 0.02) for time in (1.0, 1.11, 1.11, 1.2, 1.5)]
    assert taken == [True, True, False, True, True]
    found = tally.statistics()
    assert (found.num_frames, found.num_dropped, found.num_duplicates) == (4, 2, 1)
    assert found.rate == pytest.approx(3 / 0.5)
    assert found.latency_p50 == pytest.approx(0.02)


def test_a_gap_while_it_was_unplugged_counts_no_drops() -> None:
    tally = CameraTally(fps=10.0)
    for start, count in ((0.0, 100), (60.0, 3)):
        tally.begin()
        for k in range(3):
            tally.add(frame(start + 0.1 * k, count + k), start + 0.1 * k)
    found = tally.statistics()
    assert (found.num_dropped, found.num_reconnects) == (0, 1)
    assert found.rate == pytest.approx(10.0)


def test_every_new_frame_is_handed_over_once_and_in_order(thread: CameraThread) -> None:
    taken: list[Frame] = []
    thread.listen(taken.append)
    wait_for(lambda: len(taken) >= 5, "frames")
    thread.listen(None)
    numbers = [frame.sequence for frame in taken]
    assert None not in numbers and numbers == sorted(set(numbers), key=numbers.index)


def test_a_frame_is_handed_over_before_it_is_the_newest(thread: CameraThread) -> None:
    newest: list[bool] = []
    thread.listen(lambda frame: newest.append(thread.newest is frame))
    wait_for(lambda: len(newest) >= 5, "frames")
    thread.listen(None)
    assert not any(newest)


def test_a_listener_that_fails_is_called_no_more_and_the_camera_goes_on(
    thread: CameraThread, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[Frame] = []

    def fail(frame: Frame) -> None:
        calls.append(frame)
        raise ValueError("full")

    thread.listen(fail)
    wait_for(lambda: bool(calls), "a call")
    wait_for_new_frames(thread, 4)
    assert len(calls) == 1
    assert "camera wrist: its frames are handed over no more" in caplog.text
