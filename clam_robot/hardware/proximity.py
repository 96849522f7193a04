"""Which geoms of a model come near one another.

MuJoCo's own search for contacts within a margin overlooks four in ten pairs of boxes that are near and do not touch. So
all pairs are bounded by spheres and boxes here, and measured where these do not suffice.
"""

import mujoco
import numpy as np
from jaxtyping import Float64, Int
from scipy.spatial.distance import pdist

# MuJoCo's compiled half has no type information.
# pyright: reportAttributeAccessIssue=false
_TYPES = mujoco.mjtGeom


class Proximity:
    """Pairs of geoms that can come together: not those of a body, nor of two that a joint joins.

    Args:
        model: of spheres, capsules, cylinders and boxes.
        floor: a fixed box of the model whose top is level.
        least: the distance that two geoms keep [m].
    """

    def __init__(self, model: mujoco.MjModel, floor: int, least: Float64[np.ndarray, "geoms geoms"]) -> None:
        self._model = model
        self._floor = floor
        self._top = float(model.geom_pos[floor][2] + model.geom_size[floor][2])
        pairs = [(a, b) for b in range(model.ngeom) for a in range(b) if _can_touch(model, a, b)]
        self._above = np.array([a if b == floor else b for a, b in pairs if floor in (a, b)], int)
        self._least_height = least[floor, self._above]
        self._pairs = np.array([pair for pair in pairs if floor not in pair], int).reshape(-1, 2).T
        self._least = least[self._pairs[0], self._pairs[1]]
        box, ball, disk = _shapes(model)
        self._half_edges = box + ball[:, None] + disk[:, None] * (1.0, 1.0, 0.0)
        self._box, self._ball, self._disk = (part[self._above] for part in (box, ball, disk))
        self._radii = model.geom_rbound[self._pairs]
        self._reach = self._radii.sum(axis=0)
        low, high = self._pairs.min(axis=0), self._pairs.max(axis=0)
        self._condensed = model.ngeom * low - low * (low + 1) // 2 + high - low - 1

    def within(self, data: mujoco.MjData, share: float = 1.0) -> list[tuple[int, int, float]]:
        """Pairs that are nearer than they are to be.

        Args:
            data: of the model, its geoms placed.
            share: of the distance that each pair keeps.

        Returns:
            First and second geom, the floor first, and their distance, negative inside one another [m].
        """
        height = data.geom_xpos[self._above, 2] - self._depth(data) - self._top
        low = np.flatnonzero(height < share * self._least_height)
        found = [(self._floor, int(self._above[each]), float(height[each])) for each in low]
        for pair in self._close(data, share):
            first, second = (int(geom) for geom in self._pairs[:, pair])
            least = share * float(self._least[pair])
            distance = float(mujoco.mj_geomDistance(self._model, data, first, second, 2.0 * least, None))
            if distance < least:
                found.append((first, second, distance))
        return found

    def _depth(self, data: mujoco.MjData) -> Float64[np.ndarray, " above"]:
        """How far geoms above the floor reach below their centers [m]."""
        down = np.abs(data.geom_xmat[self._above, 6:])  # of each axis, its share along z
        flat = np.sqrt(np.maximum(0.0, 1.0 - down[:, 2] ** 2))
        return (down * self._box).sum(axis=1) + self._ball + flat * self._disk

    def _close(self, data: mujoco.MjData, share: float) -> Int[np.ndarray, " close"]:
        """Pairs that may be near, by the spheres around both, and by the box around one and the sphere of the other."""
        place = data.geom_xpos
        reach = self._reach + share * self._least
        close = np.flatnonzero(pdist(place, "sqeuclidean")[self._condensed] < reach * reach)
        for box in (0, 1):
            if not len(close):
                break
            geom = self._pairs[box, close]
            axes = data.geom_xmat[geom].reshape(-1, 3, 3)
            between = place[self._pairs[1 - box, close]] - place[geom]
            inside = np.abs((between[:, None, :] @ axes)[:, 0])
            apart = np.maximum(0.0, inside - self._half_edges[geom])
            reach = self._radii[1 - box, close] + share * self._least[close]
            close = close[(apart * apart).sum(axis=1) < reach * reach]
        return close


def _shapes(
    model: mujoco.MjModel,
) -> tuple[Float64[np.ndarray, "n 3"], Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """Of each geom the half edges of its box or axis, the radius of its ball and that of its disk, which add up [m]."""
    box, ball, disk = np.zeros((model.ngeom, 3)), np.zeros(model.ngeom), np.zeros(model.ngeom)
    for geom, (kind, size) in enumerate(zip(model.geom_type, model.geom_size, strict=True)):
        match kind:
            case _TYPES.mjGEOM_BOX:
                box[geom] = size
            case _TYPES.mjGEOM_CAPSULE:
                box[geom, 2], ball[geom] = size[1], size[0]
            case _TYPES.mjGEOM_CYLINDER:
                box[geom, 2], disk[geom] = size[1], size[0]
            case _TYPES.mjGEOM_SPHERE:
                ball[geom] = size[0]
            case _:
                raise ValueError(f"geom {geom}: expected a box, capsule, cylinder or sphere, found type {kind}")
    return box, ball, disk


def _can_touch(model: mujoco.MjModel, first: int, second: int) -> bool:
    types, affinities = model.geom_contype, model.geom_conaffinity
    if not (types[first] & affinities[second] or types[second] & affinities[first]):
        return False
    held = [int(model.geom_bodyid[geom]) for geom in (first, second)]
    bodies = [int(model.body_weldid[body]) for body in held]
    parents = [int(model.body_parentid[body]) for body in bodies]
    is_joined = parents[0] in (held[1], bodies[1]) or parents[1] in (held[0], bodies[0])
    is_excluded = (min(held) << 16) + max(held) in model.exclude_signature
    return bodies[0] != bodies[1] and not (is_joined and 0 not in held) and not is_excluded
