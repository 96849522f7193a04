"""Which geoms of a model come near one another.

MuJoCo's own search for contacts within a margin overlooks four in ten pairs of boxes that are near and do not touch. So
all pairs are bounded by spheres and boxes here, and measured where these do not suffice.
"""

from collections.abc import Callable, Sequence

import mujoco
import numpy as np
from jaxtyping import Float64, Int

# MuJoCo's compiled half has no type information.
# pyright: reportAttributeAccessIssue=false
_TYPES = mujoco.mjtGeom

# Two geoms and their distance [m].
Found = tuple[int, int, float]
# Puts geoms in place.
Placing = Callable[[], None]


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

    def within(self, data: mujoco.MjData, places: Sequence[Placing], share: float = 1.0) -> list[list[Found]]:
        """Pairs that are nearer than they are to be, at each of some places.

        Args:
            data: of the model; it is left at the last place that had to be measured.
            places: put the geoms of `data` in place.
            share: of the distance that each pair keeps.

        Returns:
            For each place first and second geom, the floor first, and their distance, negative inside one another [m].
        """
        shape = (len(places), self._model.ngeom)
        center, axes = np.empty((*shape, 3)), np.empty((*shape, 9))
        for index, place in enumerate(places):
            place()
            center[index], axes[index] = data.geom_xpos, data.geom_xmat
        found: list[list[Found]] = [[] for _ in places]
        height = center[:, self._above, 2] - self._depth(axes[:, self._above, 6:]) - self._top
        for index, each in np.argwhere(height < share * self._least_height):
            found[index].append((self._floor, int(self._above[each]), float(height[index, each])))
        placed = len(places) - 1
        for index, pair in zip(*self._close(center, axes.reshape(*shape, 3, 3), share), strict=True):
            if index != placed:
                places[index]()
                placed = index
            first, second = (int(geom) for geom in self._pairs[:, pair])
            least = share * float(self._least[pair])
            distance = float(mujoco.mj_geomDistance(self._model, data, first, second, 2.0 * least, None))
            if distance < least:
                found[index].append((first, second, distance))
        return found

    def _depth(self, down: Float64[np.ndarray, "places above 3"]) -> Float64[np.ndarray, "places above"]:
        """How far geoms above the floor reach below their centers, from the share of each axis along z [m]."""
        down = np.abs(down)
        flat = np.sqrt(np.maximum(0.0, 1.0 - down[..., 2] ** 2))
        return (down * self._box).sum(axis=-1) + self._ball + flat * self._disk

    def _close(
        self,
        center: Float64[np.ndarray, "places geoms 3"],
        axes: Float64[np.ndarray, "places geoms 3 3"],
        share: float,
    ) -> tuple[Int[np.ndarray, " close"], Int[np.ndarray, " close"]]:
        """Places and pairs that may be near, by spheres around both, and by a box around one and a sphere the other."""
        products = center @ center.transpose(0, 2, 1)
        squares = products.diagonal(axis1=1, axis2=2)
        first, second = self._pairs
        apart = squares[:, first] + squares[:, second] - 2.0 * products[:, first, second]
        reach = self._radii.sum(axis=0) + share * self._least
        index, pair = np.nonzero(apart < reach * reach + _ROUNDING)
        for boxed, round_ in (self._pairs, self._pairs[::-1]):
            geom = boxed[pair]
            between = center[index, round_[pair]] - center[index, geom]
            inside = np.abs((between[:, None, :] @ axes[index, geom])[:, 0])
            outside = np.maximum(0.0, inside - self._half_edges[geom])
            reach = self._model.geom_rbound[round_[pair]] + share * self._least[pair]
            is_close = (outside * outside).sum(axis=1) < reach * reach
            index, pair = index[is_close], pair[is_close]
        return index, pair


_ROUNDING = 1e-9  # of squared distances of centers [m^2]


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
