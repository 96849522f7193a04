"""What a server says of its policy."""

import math
from dataclasses import replace
from typing import Any

import pytest

from clam_robot.errors import ConfigError
from clam_robot.specs import GripperSpec
from clam_robot.testing.fakes import fake_spec
from policy_server.packing import pack, unpack
from policy_server.policy_info import PolicyInfo, gripper_in_words

INFO = PolicyInfo(
    policy="fake",
    robot=fake_spec(),
    horizon=4,
    dt=0.1,
    gripper="none",
    observation_keys=("observation/state",),
    max_frame_bytes=1000,
    summary={"episodes": 50},
)


def metadata(**changes: object) -> dict[str, Any]:
    return {key: value for key, value in (INFO.to_dict() | changes).items() if value is not None}


def test_it_survives_the_wire_with_unbounded_states() -> None:
    spec = fake_spec()
    unbounded = replace(spec, state=replace(spec.state, low=(-math.inf,) * 6, high=(math.inf,) * 6))
    info = replace(INFO, robot=unbounded)
    assert PolicyInfo.from_metadata(unpack(pack(info.to_dict())), source="wire") == info


def test_a_newer_server_may_say_more() -> None:
    assert PolicyInfo.from_metadata(metadata(weather="fine"), source="wire") == INFO


@pytest.mark.parametrize(
    ("found", "complaint"),
    [
        (metadata(protocol_version=2), "expected protocol version 1, found 2; use the same release"),
        (metadata(protocol_version=None), "names no protocol version"),
        (metadata(horizon=None), "'horizon' is missing"),
        (metadata(robot={"name": "x"}), "robot"),
        ({"reset_pose": [0.0]}, "names no protocol version"),
        ([1, 2], "names no protocol version"),
    ],
)
def test_metadata_that_does_not_fit_is_refused(found: object, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint) as refusal:
        PolicyInfo.from_metadata(found, source="the server")
    assert "the server" in str(refusal.value)


def test_the_gripper_is_told_in_words() -> None:
    assert gripper_in_words(fake_spec()) == "none"
    gripper = GripperSpec(action="vz", mode="binary", closes="below", threshold=0.5)
    words = gripper_in_words(replace(fake_spec(), gripper=gripper))
    assert words == "action entry 'vz', binary: below 0.5 closes, above opens"
