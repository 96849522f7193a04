"""How stiff the servos hold the joints, from how far they hang below their goals while the arm stands still."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from clam_robot.hardware.wx250s import JOINT_NAMES


@dataclass(frozen=True, kw_only=True, eq=False)
class StiffnessFit:
    """What was found.

    Attributes:
        stiffness: by joint [Nm/rad]; only of those that gravity moved beyond their friction.
        sigmas: their standard deviations.
        sag: (n, 6) measured minus goal [rad].
        loads: (n, 6) torque of gravity on the joints [Nm].
    """

    stiffness: Mapping[str, float]
    sigmas: Mapping[str, float]
    sag: Float64[np.ndarray, "n 6"]
    loads: Float64[np.ndarray, "n 6"]


def fit_stiffness(
    goals: Float64[np.ndarray, "n 6"], measured: Float64[np.ndarray, "n 6"], loads: Float64[np.ndarray, "n 6"]
) -> StiffnessFit:
    """Of each joint whose sag follows gravity; friction holds a joint anywhere near there, and counts as noise.

    Args:
        goals: sent to the servos [rad].
        measured: where the joints then stood still [rad].
        loads: torque of gravity on them [Nm].
    """
    sag = measured - goals
    stiffness: dict[str, float] = {}
    sigmas: dict[str, float] = {}
    for i, name in enumerate(JOINT_NAMES):
        # A constant beside it: friction where all poses were reached from one side.
        columns = np.column_stack([loads[:, i], np.ones(len(loads))])
        spread = float(np.linalg.norm(loads[:, i] - loads[:, i].mean()))
        if spread < _LEAST_LOAD * np.sqrt(len(loads)):
            continue
        found = np.linalg.lstsq(columns, sag[:, i], rcond=None)[0]
        noise = float(np.linalg.norm(sag[:, i] - columns @ found)) / np.sqrt(max(len(loads) - 2, 1))
        compliance, doubt = float(found[0]), max(noise, _LEAST_NOISE) / spread
        if compliance > _SIGMAS * doubt:
            stiffness[name] = 1.0 / compliance
            sigmas[name] = float(doubt / compliance**2)
    return StiffnessFit(stiffness=stiffness, sigmas=sigmas, sag=sag, loads=loads)


# Standard deviation of gravity's torque over the poses, from which on it tells something [Nm].
_LEAST_LOAD = 0.1
# A count of a servo, evenly spread [rad].
_LEAST_NOISE = 4.4e-4
_SIGMAS = 5.0
