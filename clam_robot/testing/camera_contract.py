"""What every `Camera` keeps, as tests: inherit, give a factory.

class TestMyCamera(CameraContract):
    def make_camera(self) -> Camera:
        return MyCamera(...)
"""

from abc import ABC, abstractmethod

import numpy as np
import pytest

from clam_robot.errors import NotConnected
from clam_robot.hardware.cameras.camera import Camera, Frame
from clam_robot.timing import MonotonicClock

NUM_FRAMES = 5
# Of a source that works; the machine may be busy [s].
PATIENCE = 30.0


class CameraContract(ABC):
    """What every camera keeps, as tests, by the monotonic clock."""

    @abstractmethod
    def make_camera(self) -> Camera:
        """A camera that works, not yet open, on `MonotonicClock`."""

    @pytest.fixture
    def camera(self, request: pytest.FixtureRequest) -> Camera:
        """Open."""
        camera = self.make_camera()
        request.addfinalizer(camera.close)  # no yield: the type checks of jaxtyping hide a generator from pytest
        camera.open()
        return camera

    def _frames(self, camera: Camera, count: int = NUM_FRAMES) -> list[Frame]:
        return [camera.read(PATIENCE) for _ in range(count)]

    def test_it_is_a_camera_that_is_known_before_it_is_opened(self) -> None:
        camera = self.make_camera()
        assert isinstance(camera, Camera)
        assert camera.spec.height > 0 and camera.fps > 0
        assert camera.time_source in {"device", "driver", "arrival"}

    def test_reading_before_open_and_after_close_is_refused(self) -> None:
        camera = self.make_camera()
        with pytest.raises(NotConnected, match="open"):
            camera.read(PATIENCE)
        camera.open()
        camera.close()
        with pytest.raises(NotConnected, match="open"):
            camera.read(PATIENCE)

    def test_open_and_close_may_be_called_twice_and_again(self) -> None:
        camera = self.make_camera()
        camera.close()
        for _ in range(2):
            camera.open()
            camera.open()
            assert camera.serial
            camera.read(PATIENCE)
            camera.close()
            camera.close()

    def test_frames_fit_the_spec(self, camera: Camera) -> None:
        for frame in self._frames(camera):
            camera.spec.validate(frame.image)
            assert frame.image.flags.c_contiguous
            if frame.depth is not None:
                assert frame.depth.shape == frame.image.shape[:2]
                assert frame.depth_unit > 0

    def test_capture_times_rise_and_never_lie_ahead(self, camera: Camera) -> None:
        clock, last = MonotonicClock(), -np.inf
        for _ in range(NUM_FRAMES):
            frame = camera.read(PATIENCE)
            assert last < frame.time <= clock.now()
            last = frame.time

    def test_counts_rise_where_there_are_any(self, camera: Camera) -> None:
        counts = [frame.sequence for frame in self._frames(camera)]
        numbers = [count for count in counts if count is not None]
        assert len(numbers) in {0, NUM_FRAMES}
        assert numbers == sorted(set(numbers))

    def test_frames_are_fresh_arrays(self, camera: Camera) -> None:
        first = camera.read(PATIENCE)
        kept = first.image.copy()
        for frame in self._frames(camera):
            frame.image[:] = 255 - frame.image
        np.testing.assert_array_equal(first.image, kept)
