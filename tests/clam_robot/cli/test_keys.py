"""Keys from the command line: shown once, kept as digests."""

from pathlib import Path

import pytest

from clam_robot.cli.main import main
from policy_server.api_keys import ApiKeys


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def test_a_key_is_shown_once_and_lets_in(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "add", "robot-1", "--file", str(file)]) == 0
    secret = capsys.readouterr().out.splitlines()[-1]
    assert ApiKeys.read(file).admit(f"Api-Key {secret}", "infer").name == "robot-1"
    assert secret not in file.read_text()
    assert main(["keys", "list", "--file", str(file)]) == 0
    listed = capsys.readouterr().out
    assert "robot-1" in listed and "infer" in listed and secret not in listed


def test_keys_are_added_and_removed_beside_others(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        assert main(["keys", "add", name, "--scopes", "infer", "admin", "--file", str(file)]) == 0
    assert main(["keys", "remove", "a", "--file", str(file)]) == 0
    assert [(key.name, key.scopes) for key in ApiKeys.read(file).keys] == [("b", ("infer", "admin"))]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["list"], "no file"),
        (["add"], "expected whose key to add"),
        (["add", "a b"], "expected letters, digits"),
        (["remove", "x"], "no file"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    file: Path, capsys: pytest.CaptureFixture[str], words: list[str], complaint: str
) -> None:
    assert main(["keys", *words, "--file", str(file)]) == 2
    assert complaint in " ".join(capsys.readouterr().err.split())
    assert not file.exists()
