"""Whatever comes near is found, and as far away as it is."""

import mujoco
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_robot.hardware.proximity import Proximity
from clam_robot.hardware.workspace import TABLE, Box, Workspace, WorkspaceConfig
from clam_robot.hardware.wx250s import joint_limits

# MuJoCo's compiled half has no type information.
# pyright: reportAttributeAccessIssue=false
LEAST = 0.02  # [m]
OVEN = Box(name="oven", center=(0.36, 0.0, 0.1), size=(0.1, 0.4, 0.2))
SHAPES = """
<mujoco>
  <worldbody>
    <geom name="floor" type="box" size="1 1 .05" pos="0 0 -.05"/>
    <body pos="0 0 1"><freejoint/><geom name="first" type="{first}" size=".03 .05 .02"/></body>
    <body pos="0 0 2"><freejoint/><geom name="second" type="{second}" size=".02 .04 .06"/></body>
  </worldbody>
</mujoco>
"""
KINDS = ("box", "capsule", "cylinder", "sphere")


def _all_pairs(model: mujoco.MjModel) -> Proximity:
    return Proximity(model, 0, np.full((model.ngeom, model.ngeom), LEAST))


def _place(model: mujoco.MjModel, qpos: np.ndarray) -> mujoco.MjData:
    data = mujoco.MjData(model)
    data.qpos[:] = qpos
    mujoco.mj_kinematics(model, data)
    return data


@given(st.sampled_from(KINDS), st.sampled_from(KINDS), st.integers(0, 2**32 - 1))
def test_two_bodies_and_the_floor(first: str, second: str, seed: int) -> None:
    model = mujoco.MjModel.from_xml_string(SHAPES.format(first=first, second=second))
    random = np.random.default_rng(seed)
    turns = random.normal(size=(2, 4))
    places = random.uniform((-0.06, -0.06, 0.02), (0.06, 0.06, 0.14), (2, 3))
    data = _place(model, np.hstack([places, turns / np.linalg.norm(turns, axis=1, keepdims=True)]).ravel())
    found = {(a, b): distance for a, b, distance in _all_pairs(model).within(data, [lambda: None])[0]}
    for pair in ((0, 1), (0, 2), (1, 2)):
        distance = mujoco.mj_geomDistance(model, data, *pair, 1.0, None)
        if pair in found:
            # Inside one another they are as near as can be; how deep depends on the direction that is asked for.
            assert found[pair] == pytest.approx(distance, abs=1e-4) or max(found[pair], distance) < 1e-4
        else:
            assert distance > LEAST - 1e-4


@given(st.integers(0, 2**32 - 1))
def test_the_arm_its_table_and_a_box(seed: int) -> None:
    model = Workspace(WorkspaceConfig(boxes=(OVEN,))).model
    random = np.random.default_rng(seed)
    qpos = np.append(random.uniform(*joint_limits()), (0.03, -0.03))
    table = model.geom(TABLE).id
    least = np.full((model.ngeom, model.ngeom), LEAST)
    data = _place(model, qpos)
    found = {frozenset(each[:2]) for each in Proximity(model, table, least).within(data, [lambda: None])[0]}
    links = range(1, model.nbody)
    geoms = [(geom, model.body(model.geom_bodyid[geom])) for geom in range(model.ngeom) if model.geom_contype[geom]]
    for geom, body in geoms:
        for other, other_body in geoms:
            is_pair = body.id in links and abs(body.id - other_body.id) > 2 and other_body.id != 0
            if is_pair and mujoco.mj_geomDistance(model, data, geom, other, 1.0, None) < LEAST - 1e-4:
                assert frozenset((geom, other)) in found


def test_links_that_a_joint_joins_are_no_pair() -> None:
    workspace = Workspace(WorkspaceConfig())
    assert workspace.nearness(np.zeros(6)) == []


def test_a_shape_that_is_not_known_is_refused() -> None:
    xml = SHAPES.format(first="box", second="ellipsoid")
    with pytest.raises(ValueError, match="expected a box, capsule, cylinder or sphere"):
        _all_pairs(mujoco.MjModel.from_xml_string(xml))


def test_places_along_a_way_are_judged_as_each_by_itself() -> None:
    workspace = Workspace(WorkspaceConfig(boxes=(OVEN,)))
    low, high = joint_limits()
    positions = low + np.random.default_rng(3).random((60, 6)) * (high - low)
    along = workspace.nearness_along(positions, share=0.5)
    assert along == [workspace.nearness(position, share=0.5) for position in positions]
    assert 10 < sum(map(bool, along)) < 60
