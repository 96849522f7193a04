"""Keys: made, kept, and asked for."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_robot.errors import ConfigError
from policy_server.api_keys import ApiKeys, Scope
from policy_server.refusals import Refused


def keys_of(*scopes: Scope) -> tuple[ApiKeys, str]:
    return ApiKeys().with_new("arm", scopes)


def refusal(keys: ApiKeys, header: str | None, scope: Scope = "infer") -> Refused:
    with pytest.raises(Refused) as caught:
        keys.admit(header, scope)
    return caught.value


def test_a_file_comes_back_and_holds_no_key(tmp_path: Path) -> None:
    keys, secret = keys_of("infer", "admin")
    path = tmp_path / "keys.json"
    keys.write(path)
    assert ApiKeys.read(path).keys == keys.keys
    assert secret not in path.read_text()
    assert ApiKeys.read(path).admit(f"Api-Key {secret}", "admin").name == "arm"


def test_only_the_owner_reads_the_file_even_after_a_write_that_was_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    left = tmp_path / "keys.json.new"
    left.write_text("half")
    left.chmod(0o644)
    keys_of("infer")[0].write(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_replaced_at_once_and_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    ApiKeys().write(path)
    with path.open() as reader:  # someone who opened the old file reads the old file
        keys_of("infer")[0].write(path)
        assert json.load(reader) == {"keys": []}
    assert len(ApiKeys.read(path).keys) == 1


@pytest.mark.parametrize("scheme", ["Api-Key", "Bearer", "bearer", "API-KEY"])
def test_both_schemes_are_taken(scheme: str) -> None:
    keys, secret = keys_of("infer")
    caller = keys.admit(f"{scheme} {secret}", "infer")
    assert (caller.name, caller.scopes) == ("arm", ("infer",))


@pytest.mark.parametrize("header", [None, "", "Api-Key", "Api-Key ", "Basic {}", "{}", "Api-Key {}x", "Bearer \udce4"])
def test_who_has_no_key_of_the_server_is_unauthorized(header: str | None) -> None:
    keys, secret = keys_of("infer")
    assert refusal(keys, header and header.format(secret)).code == "unauthorized"


def test_a_key_for_other_things_is_told_which_it_is_for() -> None:
    keys, secret = keys_of("infer")
    found = refusal(keys, f"Api-Key {secret}", "admin")
    assert (found.code, str(found)) == ("forbidden", "expected a key with scope admin, found one for infer")


def test_a_key_that_was_removed_opens_nothing_and_the_others_still_do() -> None:
    keys, secret = keys_of("infer")
    both, other = keys.with_new("gripper", ["infer"])
    left = both.without("arm")
    assert refusal(left, f"Api-Key {secret}").code == "unauthorized"
    assert left.admit(f"Api-Key {other}", "infer").name == "gripper"


def test_names_are_taken_once_and_known_when_removed() -> None:
    keys, _ = keys_of("infer")
    with pytest.raises(ConfigError, match="there is a key arm already; remove it first"):
        keys.with_new("arm", ["admin"])
    with pytest.raises(ConfigError, match="expected one of the keys, found 'leg' among arm"):
        keys.without("leg")
    with pytest.raises(ConfigError, match="found 'leg' among no keys at all"):
        ApiKeys().without("leg")


@pytest.mark.parametrize("name", ["", ".hidden", "a b", "a" * 65, "a/b", "a\n"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="name: expected letters"):
        ApiKeys().with_new(name, ["infer"])


def test_a_key_for_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="scopes: expected infer, admin or both, found none"):
        ApiKeys().with_new("arm", [])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"{", "expected a JSON file of keys"),
        (b"\xff\xfe\x00", "expected a JSON file of keys"),
        (b"[]", "does not fit"),
        (b'{"keys": [{"name": "arm"}]}', "'keys.0.sha256' is missing"),
        (
            b'{"keys": [{"name": "arm", "scopes": ["infer"], "sha256": "\xc3\xa4", "created": ""}]}',
            "sha256 of key arm: expected 64 digits",
        ),
        (b'{"keys": [{"name": "arm", "scopes": ["root"], "sha256": "", "created": ""}]}', "'infer' or 'admin'"),
    ],
)
def test_a_file_that_is_none_of_keys_is_named(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=complaint):
        ApiKeys.read(path)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"make one with `clam keys add NAME --file .*/none`"):
        ApiKeys.read(tmp_path / "none")


@given(header=st.text() | st.text().map("Api-Key {}".format) | st.text().map("Bearer {}".format))
def test_no_header_gets_in_by_chance(header: str) -> None:
    assert refusal(keys_of("infer")[0], header).code == "unauthorized"
