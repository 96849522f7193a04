import numpy as np
import pytest

from calibration.image_motion import ImageMotion
from clam_robot.errors import CalibrationError


def texture(shift: float, size: tuple[int, int] = (120, 160)) -> np.ndarray:
    """Waves that lie further to the right by `shift` pixels."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float64)
    x = x - shift
    wave = np.sin(0.21 * x + 0.13 * y) + np.sin(0.11 * x - 0.3 * y) + np.sin(0.4 * x)
    return np.clip(128.0 + 30.0 * wave, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("shift", [-1.5, 0.4, 2.0])
def test_a_picture_that_shifts_shifts_in_every_cell(shift: float) -> None:
    motion = ImageMotion("wrist")
    motion.add(1.0, texture(0.0))
    motion.add(1.1, texture(shift))
    sight = motion.sight()
    x, y = sight.values[0, 0::2], sight.values[0, 1::2]
    assert np.median(x) == pytest.approx(shift, abs=0.15)
    assert np.median(np.abs(y)) < 0.1
    assert sight.begin is not None
    assert (sight.begin[0], sight.end[0]) == (1.0, 1.1)


def test_a_frame_that_comes_twice_counts_once() -> None:
    motion = ImageMotion("wrist")
    for time in (1.0, 1.0, 1.1):
        motion.add(time, np.dstack([texture(0.0)] * 3))
    assert len(motion.sight().end) == 1


def test_no_frames_are_told() -> None:
    with pytest.raises(CalibrationError, match="camera table"):
        ImageMotion("table").sight()
