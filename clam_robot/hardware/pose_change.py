"""Changes of a pose as actions put them: along and about the axes of the base frame."""

import numpy as np
from jaxtyping import Float32, Float64
from scipy.spatial.transform import RigidTransform, Rotation


def moved(pose: RigidTransform, action: Float32[np.ndarray, "7"]) -> RigidTransform:
    """A pose moved and turned in the base frame, as the Bridge data do: the turn is Euler x, y, z about fixed axes."""
    turn = Rotation.from_euler("xyz", action[3:6].astype(np.float64))
    return RigidTransform.from_components(pose.translation + action[:3], turn * pose.rotation)


def difference(start: RigidTransform, end: RigidTransform) -> Float64[np.ndarray, "6"]:
    """Inverse of `moved`: dx, dy, dz [m], droll, dpitch, dyaw [rad] from one pose to the other."""
    turn = (end.rotation * start.rotation.inv()).as_euler("xyz")
    return np.concatenate([end.translation - start.translation, turn])
