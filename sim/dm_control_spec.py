"""Names and units of what the DeepMind Control Suite observes and accepts."""

from collections.abc import Iterator

import numpy as np
from dm_control.rl.control import Environment

from clam_robot.specs import VectorSpec
from sim.dm_control_world import load

_INF = float("inf")
_HINGE = 3  # mjJNT_HINGE
# Physical quantity by the suite's name for it: the array of MuJoCo, and the unit for a slide and for a hinge.
_JOINT_QUANTITIES = {
    "position": ("qpos", "m", "rad"),
    "joint_angles": ("qpos", "m", "rad"),
    "velocity": ("qvel", "m/s", "rad/s"),
}


def describe(domain: str, task: str) -> tuple[VectorSpec, VectorSpec, float]:
    """State, action and control step [s] of a task. Loads its physics."""
    env = load(domain, task, np.random.RandomState(0))
    bounds = env.action_spec()
    # Away from the symmetric resting pose, so that equal numbers mean the same quantity.
    env.reset()
    observation = env.step(0.1 * np.ones(bounds.shape)).observation
    names, units = zip(
        *(entry for key, value in observation.items() for entry in _entries(env, key, value)), strict=True
    )
    state = VectorSpec(names=names, units=units, low=(-_INF,) * len(names), high=(_INF,) * len(names))
    size = bounds.shape[0]
    action = VectorSpec(
        names=_actuators(env, size),
        units=("1",) * size,
        low=tuple(float(low) for low in np.broadcast_to(bounds.minimum, size)),
        high=tuple(float(high) for high in np.broadcast_to(bounds.maximum, size)),
    )
    return state, action, env.control_timestep()


def _entries(env: Environment, key: str, value: np.ndarray | float) -> Iterator[tuple[str, str]]:
    joints = _joints(env, key, np.ravel(value))
    if joints:
        yield from ((f"{key}_{joint}", unit) for joint, unit in joints)
    else:
        yield from (("_".join([key, *map(str, index)]), "1") for index in np.ndindex(np.shape(value)))


def _joints(env: Environment, key: str, value: np.ndarray) -> list[tuple[str, str]]:
    """Joint and unit of each entry, where `value` is the tail of MuJoCo's own vector and every joint has one number."""
    model, data = env.physics.model, env.physics.data
    if key not in _JOINT_QUANTITIES or not model.nq == model.nv == model.njnt:
        return []
    array, slide, hinge = _JOINT_QUANTITIES[key]
    if not np.array_equal(getattr(data, array)[-len(value) :], value):
        return []
    joints = range(model.njnt - len(value), model.njnt)
    return [(model.id2name(i, "joint") or str(i), hinge if model.jnt_type[i] == _HINGE else slide) for i in joints]


def _actuators(env: Environment, size: int) -> tuple[str, ...]:
    return tuple(env.physics.model.id2name(i, "actuator") or f"actuator_{i}" for i in range(size))
