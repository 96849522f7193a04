"""Which of the scene's contacts are the arm's."""

from collections.abc import Iterator
from typing import Any

import mujoco
import numpy as np

from clam_robot.hardware.arm_model import BASE_BODY
from sim.widowx.truth import Contact, Kind

# MuJoCo's compiled half has no type information.
_MJ: Any = mujoco


class ArmContacts:
    """Looks the arm's contacts up and names them."""

    def __init__(self, model: Any, data: Any) -> None:  # noqa: ANN401
        self._data = data
        self._names = tuple(model.geom(i).name or f"geom {i}" for i in range(model.ngeom))
        base = model.body(BASE_BODY).id
        roots, bodies = np.asarray(model.body_rootid), np.asarray(model.geom_bodyid)
        self._is_arm = (roots[bodies] == base).tolist()
        self._is_free = (np.asarray(model.body_dofnum)[roots[bodies]] == 6).tolist()
        # Pairs of geom numbers to what they are, None where the arm has no part in it.
        self._known: dict[tuple[int, int], tuple[tuple[str, str], Kind] | None] = {}

    def now(self) -> tuple[Contact, ...]:
        """Contacts of the arm in the latest step."""
        return tuple(
            Contact(geoms=geoms, kind=kind, depth=depth, force=force) for geoms, kind, depth, force in self.rows()
        )

    def rows(self) -> Iterator[tuple[tuple[str, str], Kind, float, float]]:
        """The same, for every physics step: names, kind, depth [m] and force [N]."""
        data = self._data
        if not data.ncon:
            return
        contact = data.contact
        pairs, depths, places = contact.geom.tolist(), contact.dist.tolist(), contact.efc_address.tolist()
        for pair, distance, place in zip(pairs, depths, places, strict=True):
            known = self._describe(pair[0], pair[1])
            if known is not None:
                force = float(data.efc_force[place]) if place >= 0 else 0.0
                yield *known, max(0.0, -distance), force

    def _describe(self, first: int, second: int) -> tuple[tuple[str, str], Kind] | None:
        key = (first, second)
        if key not in self._known:
            self._known[key] = self._classify(first, second)
        return self._known[key]

    def _classify(self, first: int, second: int) -> tuple[tuple[str, str], Kind] | None:
        if not self._is_arm[first]:
            first, second = second, first
        if not self._is_arm[first]:
            return None
        kind: Kind = "self" if self._is_arm[second] else "object" if self._is_free[second] else "scene"
        return (self._names[first], self._names[second]), kind
