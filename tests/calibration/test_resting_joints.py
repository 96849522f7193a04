"""An arm is looked at while it rests."""

import numpy as np
import pytest

from calibration.resting_joints import resting_joints
from clam_robot.errors import CalibrationError
from clam_robot.hardware.widowx import START


def test_joints_that_tremble_by_a_count_rest_between() -> None:
    count = 2 * np.pi / 4096
    seen = [np.array(START) + each * count for each in (-1, 0, 1)]
    np.testing.assert_allclose(resting_joints(seen), START)


def test_a_joint_that_settles_is_named() -> None:
    later = np.array(START)
    later[1] += 0.02
    with pytest.raises(CalibrationError, match=r"found shoulder moving by 0.020 rad .* wait until it has settled"):
        resting_joints([np.array(START), later])
