"""Files become typed objects, or an error that names the field."""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clam_robot import config
from clam_robot.errors import ConfigError

relaxed = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], max_examples=200
)


@dataclass(frozen=True, kw_only=True)
class Motor(config.Strict):
    name: str
    limit: float = math.inf

    def __post_init__(self) -> None:
        if self.limit <= 0:
            raise ValueError(f"Motor {self.name}: limit must be positive")


@dataclass(frozen=True, kw_only=True)
class Arm(config.Strict):
    num_joints: int
    motors: tuple[Motor, ...] = ()
    by_name: dict[str, Motor] = field(default_factory=dict)
    note: str | None = None


ARM = Arm(
    num_joints=2,
    motors=(Motor(name="waist", limit=1.5), Motor(name="elbow")),
    by_name={"grip": Motor(name="grip", limit=0.1)},
)


def test_a_dataclass_survives_json_text_with_its_infinities() -> None:
    text = json.dumps(config.to_dict(ARM), allow_nan=False)
    again = config.from_dict(Arm, json.loads(text), source="text")
    assert again == ARM
    assert again.motors[1].limit == math.inf


@relaxed
@given(limit=st.floats(min_value=5e-324, allow_nan=False), name=st.text(st.characters(exclude_categories=["Cs"])))
def test_every_number_and_name_survives_json_text(limit: float, name: str) -> None:
    motor = Motor(name=name, limit=limit)
    assert config.from_dict(Motor, json.loads(json.dumps(config.to_dict(motor))), source="text") == motor


def test_the_dictionary_shares_nothing_with_the_object() -> None:
    config.to_dict(ARM)["by_name"]["grip"]["limit"] = 9.0
    assert ARM.by_name["grip"].limit == 0.1


@pytest.mark.parametrize("suffix", [".toml", ".cfg", ""])
def test_toml_is_read_whatever_its_suffix_unless_it_is_json(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"arm{suffix}"
    path.write_text('num_joints = 1\nnote = "größer"\n[[motors]]\nname = "waist"\nlimit = inf\n', encoding="utf-8")
    found = config.load(Arm, path)
    assert found == Arm(num_joints=1, motors=(Motor(name="waist"),), note="größer")


@pytest.mark.parametrize("suffix", [".json", ".JSON"])
def test_json_is_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"arm{suffix}"
    path.write_text(json.dumps(config.to_dict(ARM)), encoding="utf-8")
    assert config.load(Arm, path) == ARM


def test_an_unknown_key_is_named_with_the_file_and_the_keys_there_are(tmp_path: Path) -> None:
    path = tmp_path / "arm.toml"
    path.write_text("num_joints = 1\nnum_jionts = 2\n")
    expected = r"arm\.toml does not fit Arm: unknown key 'num_jionts' \(there are num_joints, motors, by_name, note\)"
    with pytest.raises(ConfigError, match=expected):
        config.load(Arm, path)


@pytest.mark.parametrize(
    ("data", "messages"),
    [
        (
            {"num_joints": 1, "motors": [{"name": "a"}, {"nmae": "b"}]},
            ["unknown key 'motors.1.nmae'", "'motors.1.name' is missing"],
        ),
        (
            {"num_joints": 1, "by_name": {"Grip": {"name": "g", "limit": "low"}}},
            ["'by_name.Grip.limit': ", "found 'low'"],
        ),
        (
            {"num_joints": 1, "by_name": {"g": {"name": "Claw", "limit": -1}}},
            ["'by_name.g': Motor Claw: limit must be positive"],
        ),
        ({}, ["'num_joints' is missing"]),
        ({"num_joints": 2.5}, ["'num_joints': input should be a valid integer", "found 2.5"]),
        ({"num_joints": "many", "note": 3}, ["'num_joints': ", "found 'many'", "'note': ", "found 3"]),
        ({"num_joints": 1, "motors": "waist"}, ["'motors': ", "found 'waist'"]),
        ([1], ["'(top level)': ", "dictionary or an instance of Arm, found [1]"]),
        (None, ["'(top level)': ", "found None"]),
    ],
    ids=["key", "type", "own check", "missing", "fraction", "several", "text for a list", "list", "nothing"],
)
def test_every_field_that_does_not_fit_is_named_with_what_was_found(data: object, messages: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        config.from_dict(Arm, data, source="upload")
    assert str(caught.value).startswith("upload does not fit Arm: ")
    for message in messages:
        assert message in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no configuration file at .*absent\.toml; give the path"):
        config.load(Arm, tmp_path / "absent.toml")


def test_a_folder_is_no_configuration_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        config.load(Arm, tmp_path)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "arm.toml"
    path.write_bytes(b"num_joints = \xff\xfe")
    with pytest.raises(ConfigError, match=r"cannot read .*arm\.toml"):
        config.load(Arm, path)


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("arm.toml", "num_joints = ", "TOML"),
        ("arm", "num_joints", "TOML"),
        ("arm.json", '{"num_joints": 1', "JSON"),
        ("arm.json", "", "JSON"),
        ("arm.json", "[" * 100_000, "JSON"),
        ("arm.json", '{"num_joints": ' + "1" * 5000 + "}", "JSON"),
    ],
)
def test_a_file_that_cannot_be_parsed_says_where_and_as_what(tmp_path: Path, name: str, text: str, kind: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ConfigError, match=rf"{name} is not valid {kind}: ."):
        config.load(Arm, path)


@relaxed
@given(data=st.binary(max_size=60), suffix=st.sampled_from([".json", ".toml"]))
def test_whatever_a_file_holds_loading_it_ends_in_an_object_or_a_config_error(
    tmp_path: Path, data: bytes, suffix: str
) -> None:
    path = tmp_path / f"any{suffix}"
    path.write_bytes(data)
    try:
        assert isinstance(config.load(Arm, path), Arm)
    except ConfigError as error:
        assert str(path) in str(error)
