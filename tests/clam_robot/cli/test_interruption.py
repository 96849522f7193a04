"""Ctrl-C says what is kept, and what stays."""

from pathlib import Path

import numpy as np
import pytest

from calibration.board import Board
from calibration.recording import CaptureInfo, RecordingWriter
from clam_robot.cli.calibration_files import tell_recording
from clam_robot.cli.interruption import tells_what_stays

INFO = CaptureInfo(camera="wrist", serial="", board=Board())


def interrupted(file: Path, content: str | None) -> None:
    with pytest.raises(KeyboardInterrupt), tells_what_stays(file):
        if content is not None:
            other = file.with_suffix(".partial")
            other.write_text(content)
            other.replace(file)
        raise KeyboardInterrupt


def test_the_file_is_said_to_stay_to_be_missing_or_to_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path("c.json")
    interrupted(file, None)
    assert capsys.readouterr().out == "c.json was not made\n"
    interrupted(file, "1")
    assert capsys.readouterr().out == "c.json is written\n"
    interrupted(file, None)
    assert capsys.readouterr().out == "c.json stays as it was\n"
    with tells_what_stays(file):
        pass
    assert capsys.readouterr().out == ""


def test_pictures_of_a_recording_without_an_end_are_said_to_be_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    writer = RecordingWriter(tmp_path / "p", INFO)
    tell_recording(writer)
    assert capsys.readouterr().out == ""
    for _ in range(2):
        writer.add(np.zeros((48, 64, 3), np.uint8))
    tell_recording(writer)
    assert f"2 pictures of a recording that did not come to its end are kept in {tmp_path / 'p'}" in " ".join(
        capsys.readouterr().out.split()
    )
    writer.finish()
    tell_recording(writer)
    assert capsys.readouterr().out == ""
