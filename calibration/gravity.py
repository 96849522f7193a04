"""What gravity does to the joints."""

from functools import cache

import numpy as np
from jaxtyping import Float64

from clam_robot.hardware.workspace import Workspace, WorkspaceConfig


def gravity_loads(joints: Float64[np.ndarray, "n 6"]) -> Float64[np.ndarray, "n 6"]:
    """Torque of gravity on each joint of an arm that holds nothing and stands still there [Nm].

    A joint that yields gives way in the direction of this torque.

    Args:
        joints: positions [rad].
    """
    model = _model()
    return -np.array([model.gravity(each) for each in joints]).reshape(-1, joints.shape[1])


@cache
def _model() -> Workspace:
    return Workspace(WorkspaceConfig())
