"""Whoever has no cameras.toml is shown one."""

from pathlib import Path

import pytest

from clam_robot.errors import ConfigError
from clam_robot.hardware.cameras.cameras_file import EXAMPLE, load_cameras

README = Path(__file__).parents[4] / "calibration" / "README.md"


def test_the_example_is_a_file_of_every_kind_of_camera(tmp_path: Path) -> None:
    path = tmp_path / "cameras.toml"
    path.write_text(EXAMPLE)
    assert {each.kind for each in load_cameras(path).cameras.values()} == {"realsense", "usb", "twin"}
    assert f"```toml\n{EXAMPLE}```" in README.read_text(encoding="utf-8")


@pytest.mark.parametrize(("text", "found"), [(None, "found none"), ("\n", "found an empty one")])
def test_a_file_that_is_missing_or_empty_is_answered_with_an_example(
    tmp_path: Path, text: str | None, found: str
) -> None:
    path = tmp_path / "cameras.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=rf"cameras\.toml: expected .* {found}; write one") as error:
        load_cameras(path)
    assert EXAMPLE in str(error.value)
