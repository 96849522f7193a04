from pathlib import Path

import pytest

from clam_robot.cli.main import main


def said(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    return " ".join((captured.out + captured.err).split())


def test_board_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "board.pdf"
    assert main(["calibrate", "board", "--out", str(out)]) == 0
    assert "on a4" in said(capsys)
    assert out.read_bytes().startswith(b"%PDF")


def test_what_is_missing_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["calibrate", "intrinsics", "--camera", "table"]) == 2
    assert "--images, --cameras" in said(capsys)
    assert main(["calibrate", "intrinsics", "--camera", "table", "--images", "none"]) == 2
    assert "no folder at none" in said(capsys)
    assert main(["calibrate", "hand-eye", "--camera", "table", "--mount", "stand", "--images", "none"]) == 2
    assert "no calibration of camera 'table'" in said(capsys)
    assert main(["calibrate", "board", "--out", "board.txt"]) == 2
    assert "found board.txt" in said(capsys)
