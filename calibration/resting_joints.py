"""Where the joints of an arm are that rests while a camera looks."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from clam_robot.errors import CalibrationError
from clam_robot.hardware.wx250s import JOINT_NAMES

_STILL = 0.008  # five counts of a servo [rad]


def resting_joints(seen: Sequence[Float64[np.ndarray, "6"]]) -> Float64[np.ndarray, "6"]:
    """Mean of joint positions that were read one after another [rad].

    Raises:
        CalibrationError: a joint moved meanwhile.
    """
    span = np.ptp(seen, axis=0)
    if span.max() > _STILL:
        joint = int(span.argmax())
        raise CalibrationError(
            f"expected an arm at rest, found {JOINT_NAMES[joint]} moving by {span[joint]:.3f} rad while the camera "
            "looked; wait until it has settled, and look again"
        )
    return np.mean(seen, axis=0)
