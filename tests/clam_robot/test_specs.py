"""Specs validate values, travel as JSON and say what differs."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from clam_robot.errors import ConfigError, InvalidImage, InvalidSpec, InvalidVector, SpecMismatch
from clam_robot.specs import CameraSpec, GripperSpec, RobotSpec, VectorSpec, as_float32

relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

FLOAT32_MAX = float(np.finfo(np.float32).max)
FINITE = st.floats(-FLOAT32_MAX, FLOAT32_MAX)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


# Strategies give fields and tests build the specs: run-time type checks draw from `random`, and strategies must not.
@st.composite
def vector_fields(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    bounds: list[tuple[float, float]] = []
    for _ in names:
        low, high = sorted([draw(FINITE), draw(FINITE)])
        bounds.append(draw(st.sampled_from([(low, high), (-math.inf, high), (low, math.inf), (-math.inf, math.inf)])))
    return {
        "names": tuple(names),
        "units": tuple(draw(st.sampled_from(["m", "rad", "1"])) for _ in names),
        "low": tuple(low for low, _ in bounds),
        "high": tuple(high for _, high in bounds),
    }


@st.composite
def robot_fields(draw: st.DrawFn) -> dict[str, Any]:
    action = draw(vector_fields())
    gripper = st.fixed_dictionaries(
        {
            "action": st.sampled_from(action["names"]),
            "mode": st.sampled_from(["continuous", "binary"]),
            "closes": st.sampled_from(["above", "below"]),
            "threshold": FINITE,
        }
    )
    pixels = st.integers(1, 4096)
    return {
        "name": draw(NAMES),
        "state": draw(vector_fields()),
        "action": action,
        "control_hz": draw(st.floats(1e-3, 1e4)),
        "cameras": draw(st.dictionaries(NAMES, st.fixed_dictionaries({"height": pixels, "width": pixels}), max_size=3)),
        "gripper": draw(st.none() | gripper),
    }


def build_robot(fields: dict[str, Any]) -> RobotSpec:
    return RobotSpec(
        name=fields["name"],
        state=VectorSpec(**fields["state"]),
        action=VectorSpec(**fields["action"]),
        control_hz=fields["control_hz"],
        cameras={name: CameraSpec(**camera) for name, camera in fields["cameras"].items()},
        gripper=None if fields["gripper"] is None else GripperSpec(**fields["gripper"]),
    )


def arm(**changes: object) -> RobotSpec:
    """A small robot, with `changes`."""
    fields: dict[str, Any] = {
        "name": "arm",
        "state": VectorSpec(
            names=("waist", "elbow"), units=("rad", "rad"), low=(-3.0, -math.inf), high=(3.0, math.inf)
        ),
        "action": VectorSpec(names=("dx", "grip"), units=("m", "1"), low=(-0.1, 0.0), high=(0.1, 1.0)),
        "control_hz": 5.0,
        "cameras": {"front": CameraSpec(height=4, width=6)},
        "gripper": GripperSpec(action="grip", mode="binary", closes="below", threshold=0.5),
    }
    return RobotSpec(**{**fields, **changes})


VECTOR = arm().action


@relaxed
@given(fields=vector_fields(), data=st.data())
def test_a_clipped_vector_is_finite_valid_and_stays_where_it_was_legal(
    fields: dict[str, Any], data: st.DataObject
) -> None:
    spec = VectorSpec(**fields)
    x = data.draw(hnp.arrays(np.float64, len(spec), elements=FINITE))
    clipped = spec.clip(x)
    assert clipped.dtype == np.float32
    spec.validate(clipped)
    np.testing.assert_array_equal(spec.clip(clipped), clipped)
    legal = (x.astype(np.float32) >= spec.low_array) & (x.astype(np.float32) <= spec.high_array)
    np.testing.assert_array_equal(clipped[legal], x.astype(np.float32)[legal])


@relaxed
@given(fields=vector_fields(), data=st.data())
def test_validate_refuses_exactly_what_is_out_of_bounds_and_names_an_entry(
    fields: dict[str, Any], data: st.DataObject
) -> None:
    spec = VectorSpec(**fields)
    x = data.draw(hnp.arrays(np.float32, len(spec), elements=st.floats(width=32)))
    broken = [
        i for i in range(len(spec)) if not (np.isfinite(x[i]) and spec.low_array[i] <= x[i] <= spec.high_array[i])
    ]
    if not broken:
        spec.validate(x)
        return
    with pytest.raises(InvalidVector) as caught:
        spec.validate(x)
    assert caught.value.index in broken
    assert spec.names[caught.value.index] in str(caught.value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.25, "at most 0.1"), (-0.25, "at least -0.1"), (np.nan, "a finite number"), (-np.inf, "a finite number")],
)
def test_an_invalid_vector_names_entry_value_bound_and_unit(value: float, expected: str) -> None:
    with pytest.raises(InvalidVector, match=r"action\[0\] dx: expected .* m, found") as caught:
        VECTOR.validate(np.array([value, 0.5], np.float32), what="action")
    assert expected in str(caught.value)
    assert str(value) in str(caught.value)
    assert caught.value.index == 0


def test_the_first_of_several_broken_entries_is_named() -> None:
    for x, index in (([0.0, 5.0], 1), ([5.0, 5.0], 0), ([np.nan, 0.0], 0), ([0.0, np.nan], 1)):
        with pytest.raises(InvalidVector, match=rf"vector\[{index}\] {VECTOR.names[index]}") as caught:
            VECTOR.validate(np.array(x, np.float32))
        assert caught.value.index == index


@pytest.mark.parametrize("shape", [(), (1,), (3,), (1, 2), (0,)])
def test_a_wrong_shape_is_refused_with_the_names_that_were_expected(shape: tuple[int, ...]) -> None:
    for check in (VECTOR.require_finite, VECTOR.validate, VECTOR.clip):
        with pytest.raises(InvalidVector, match=r"expected shape \(2,\) \[dx, grip\]") as caught:
            check(np.zeros(shape, np.float32))
        assert caught.value.index is None


def test_float64_at_a_bound_that_float32_cannot_hold_exactly_is_legal() -> None:
    tenth = VectorSpec(names=("a", "b"), units=("m", "m"), low=(0.1, -0.1), high=(0.1, -0.1))
    tenth.validate(np.array([0.1, -0.1]))


@pytest.mark.parametrize(
    "x", [np.array([1e300, 0.0]), np.array(["0", "0"]), np.array([0, None]), np.array([0j, 0j])], ids=lambda x: x.dtype
)
def test_what_float32_cannot_hold_is_refused_and_never_becomes_infinite(x: np.ndarray) -> None:
    endless = VectorSpec(names=("a", "b"), units=("1", "1"), low=(-math.inf,) * 2, high=(math.inf,) * 2)
    for check in (endless.require_finite, endless.validate, endless.clip):
        with pytest.raises(InvalidVector, match="finite number"):
            check(x)


@relaxed
@given(hnp.arrays(st.sampled_from([np.float16, np.float32, np.float64, np.int64, np.bool_]), st.integers(0, 5)))
def test_as_float32_copies_real_numbers_without_a_warning(x: np.ndarray) -> None:
    with np.errstate(over="ignore"):
        expected = x.astype(np.float32)
    found = as_float32(x)
    np.testing.assert_array_equal(found, expected)
    assert not np.shares_memory(found, x)


def test_bounds_cannot_be_changed_through_the_arrays_that_are_handed_out() -> None:
    for bounds in (VECTOR.low_array, VECTOR.high_array):
        with pytest.raises(ValueError, match="read-only"):
            bounds *= 2.0
    np.testing.assert_array_equal(VECTOR.high_array, np.array([0.1, 1.0], np.float32))


@pytest.mark.parametrize(
    ("low", "high"),
    [(1.0, 0.0), (math.nan, 0.0), (0.0, math.nan), (math.inf, math.inf), (-math.inf, -math.inf), (0.0, 1e300)],
)
def test_bounds_that_leave_no_finite_value_are_refused_by_name(low: float, high: float) -> None:
    with pytest.raises(InvalidSpec, match="elbow"):
        VectorSpec(names=("waist", "elbow"), units=("rad", "rad"), low=(0.0, low), high=(0.0, high))


def test_a_vector_spec_needs_equally_many_names_units_and_bounds() -> None:
    with pytest.raises(InvalidSpec, match="'units': 1"):
        VectorSpec(names=("a", "b"), units=("m",), low=(0.0, 0.0), high=(1.0, 1.0))


def test_a_name_that_stands_twice_is_refused() -> None:
    with pytest.raises(InvalidSpec, match="found twice: a"):
        VectorSpec(names=("a", "b", "a"), units=("m",) * 3, low=(0.0,) * 3, high=(1.0,) * 3)


def test_index_finds_an_entry_and_lists_the_names_when_there_is_none() -> None:
    assert VECTOR.index("grip") == 1
    with pytest.raises(InvalidVector, match="no entry 'gripper'; there are dx, grip"):
        VECTOR.index("gripper")


def test_points_are_three_neighbours_of_one_stem_in_the_order_x_y_z() -> None:
    names = ("grip", "hand_x", "hand_y", "hand_z", "goal_z", "goal_y", "goal_x", "a_x", "b_y", "b_z")
    spec = VectorSpec(names=names, units=("m",) * 10, low=(0.0,) * 10, high=(1.0,) * 10)
    assert spec.points == {"hand": slice(1, 4)}


@pytest.mark.parametrize(("height", "width"), [(0, 4), (4, 0), (-1, 4)])
def test_a_camera_needs_pixels(height: int, width: int) -> None:
    with pytest.raises(InvalidSpec, match=f"{height} x {width}"):
        CameraSpec(height=height, width=width)


@pytest.mark.parametrize(
    "image",
    [np.zeros((6, 4, 3), np.uint8), np.zeros((4, 6), np.uint8), np.zeros((4, 6, 3), np.float32)],
    ids=["turned", "grey", "float"],
)
def test_an_image_of_another_shape_or_type_is_refused(image: np.ndarray) -> None:
    camera = CameraSpec(height=4, width=6)
    camera.validate(np.zeros((4, 6, 3), np.uint8))
    with pytest.raises(InvalidImage, match=r"front: expected \(4, 6, 3\) uint8 RGB, found") as caught:
        camera.validate(image, what="front")
    assert f"found {image.shape} {image.dtype}" in str(caught.value)


@pytest.mark.parametrize("hz", [0.0, -5.0, math.nan, math.inf])
def test_control_hz_is_positive_and_finite(hz: float) -> None:
    with pytest.raises(InvalidSpec, match="control_hz"):
        arm(control_hz=hz)


def test_a_gripper_that_commands_no_action_entry_is_refused() -> None:
    with pytest.raises(InvalidSpec, match="'claw' is none of dx, grip"):
        arm(gripper=GripperSpec(action="claw", mode="continuous", closes="above"))


def test_a_gripper_threshold_that_is_no_number_is_refused() -> None:
    with pytest.raises(InvalidSpec, match="threshold"):
        GripperSpec(action="grip", mode="binary", closes="above", threshold=math.nan)


@relaxed
@given(robot_fields())
def test_a_robot_spec_survives_json_text(fields: dict[str, Any]) -> None:
    spec = build_robot(fields)
    text = json.dumps(spec.to_dict(), allow_nan=False)
    again = RobotSpec.from_dict(json.loads(text), source="round trip")
    assert again == spec
    assert again.is_compatible(spec)
    assert spec.is_compatible(again)


def test_a_robot_spec_from_json_names_the_nested_field_that_does_not_fit() -> None:
    data = arm().to_dict()
    data["cameras"]["front"]["height"] = "tall"
    with pytest.raises(ConfigError, match=r"checkpoint spec does not fit RobotSpec: 'cameras.front.height'.*'tall'"):
        RobotSpec.from_dict(data, source="checkpoint spec")


def test_a_robot_spec_from_json_that_contradicts_itself_says_how() -> None:
    data = arm().to_dict()
    data["state"]["names"] = ["Waist", "Waist"]
    with pytest.raises(ConfigError, match="'state': names must be unique, found twice: Waist"):
        RobotSpec.from_dict(data, source="checkpoint spec")


@settings(relaxed, max_examples=40)
@given(robot_fields(), robot_fields())
def test_differences_are_empty_for_itself_and_require_repeats_the_first(
    fields: dict[str, Any], other_fields: dict[str, Any]
) -> None:
    spec, other = build_robot(fields), build_robot(other_fields)
    spec.require(spec, what="itself")
    differences = spec.differences(other)
    assert spec.is_compatible(other) == (not differences)
    if differences:
        with pytest.raises(SpecMismatch) as caught:
            spec.require(other, what="checkpoint on robot")
        assert caught.value.differences == differences
        assert str(caught.value).startswith("checkpoint on robot: ")
        assert all(difference in str(caught.value) for difference in differences[:4])
        assert (f"and {len(differences) - 4} more differences" in str(caught.value)) == (len(differences) > 4)


def test_another_name_and_further_cameras_are_no_difference() -> None:
    needed = arm()
    offered = arm(name="twin", cameras={**needed.cameras, "wrist": CameraSpec(height=2, width=2)})
    assert needed.differences(offered) == ()
    assert offered.differences(needed) == ("camera wrist: needed, offered are front",)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"action": VectorSpec(names=("dx", "grip"), units=("m", "1"), low=(-0.1, -1.0), high=(0.1, 1.0))},
            "action grip: needs (unit, low, high) ('1', 0.0, 1.0), finds ('1', -1.0, 1.0)",
        ),
        (
            {"action": VectorSpec(names=("dx", "grip"), units=("mm", "1"), low=(-0.1, 0.0), high=(0.1, 1.0))},
            "action dx: needs (unit, low, high) ('m', -0.1, 0.1), finds ('mm', -0.1, 0.1)",
        ),
        (
            {"state": VectorSpec(names=("waist",), units=("rad",), low=(-3.0,), high=(3.0,))},
            "state: needs 2 entries, finds 1, lacking elbow",
        ),
        (
            {
                "state": VectorSpec(
                    names=("waist", "elbow", "wrist"), units=("rad",) * 3, low=(0.0,) * 3, high=(1.0,) * 3
                )
            },
            "state: needs 2 entries, finds 3, beyond them wrist",
        ),
        (
            {"state": VectorSpec(names=("elbow", "waist"), units=("rad",) * 2, low=(0.0,) * 2, high=(1.0,) * 2)},
            "state: needs 2 entries, finds 2 in another order: elbow, waist",
        ),
        ({"cameras": {}}, "camera front: needed, offered are none"),
        ({"cameras": {"front": CameraSpec(height=8, width=6)}}, "camera front: needs (4, 6, 3), finds (8, 6, 3)"),
        ({"control_hz": 50.0}, "control_hz: needs 5.0, finds 50.0"),
        ({"gripper": None}, f"gripper: needs {arm().gripper}; finds none"),
    ],
)
def test_each_difference_names_its_entry_what_is_needed_and_what_is_found(changes: dict[str, Any], line: str) -> None:
    assert arm().differences(arm(**changes)) == (line,)
