"""The checks of types and shapes are on, but for the servos' inside."""

import numpy as np
import pytest
from jaxtyping import TypeCheckError

from clam_robot.hardware.kinematics import tool_pose
from sim.widowx.profile import Profile
from tests.checked_modules import UNCHECKED, checked_modules


def test_an_array_of_another_shape_is_refused() -> None:
    tool_pose(np.zeros(6))
    with pytest.raises(TypeCheckError):
        tool_pose(np.zeros(5))


def test_modules_that_are_left_out_are_there() -> None:
    names = checked_modules()
    assert {"clam_robot.types", "sim.widowx.scene", "teleop.keyboard"} <= set(names)
    assert not UNCHECKED & set(names)
    assert Profile.__module__ in UNCHECKED
