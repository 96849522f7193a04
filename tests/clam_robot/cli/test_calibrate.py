from pathlib import Path

import numpy as np
import pytest

from calibration.bundle_settings import OBSERVABLE
from calibration.gravity import gravity_loads
from calibration.recording import JOINTS, CaptureInfo, RecordingWriter
from clam_robot.cli.main import main
from clam_robot.hardware.calibration.calibration import dates, load_calibration
from sim.widowx.board_scene import BoardScene
from tests.calibration.synthetic_hand_eye import HELD_BOARD, synthetic_views, truth
from tests.calibration.synthetic_views import LENS

COUNT = 12
TAKEN = "2025-04-01T08:00:00+00:00"
STIFFNESS = np.array([18.9, 37.8, 37.8, 18.9, 18.9, 6.9])  # [Nm/rad]


def photograph(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of a board in the hand; returns where an arm takes the camera on its stand to be, and its offsets."""
    rng = np.random.default_rng(5)
    true = truth(rng, "stand")
    joints = synthetic_views(rng, true, mount="stand", count=COUNT).joints
    assert joints is not None
    scene = BoardScene(
        HELD_BOARD.picture(64), HELD_BOARD.size, mount="stand", camera=true.camera, place=true.board, lens=LENS
    )
    writer = RecordingWriter(folder, CaptureInfo(camera="table", serial="t 9", board=HELD_BOARD, made_at=TAKEN))
    for each in joints:
        goal = each - gravity_loads(each[np.newaxis])[0] / STIFFNESS
        writer.add(scene.picture(each + true.offsets), each, goal)
    writer.finish()
    scene.close()
    return true.as_seen("stand").translation, true.offsets


def said(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    return " ".join((captured.out + captured.err).split())


@pytest.mark.slow
def test_camera_and_arm_are_calibrated_from_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wanted, offsets = photograph(tmp_path / "pictures")
    words = ["--camera", "table", "--images", "pictures"]
    assert main(["calibrate", "intrinsics", *words, "--accept"]) == 0
    told = said(capsys)
    assert f"of {COUNT} pictures count" in told
    assert f"pictures was recorded {TAKEN}" in told
    assert main(["calibrate", "hand-eye", *words, "--mount", "stand"]) == 0
    assert "the camera is at" in said(capsys)
    table = load_calibration(Path("calibration.json")).camera("table")
    assert table.serial == "t 9"
    found = table.intrinsics.intrinsics
    assert (found.fx, found.fy) == pytest.approx((LENS.fx, LENS.fy), abs=5.0)
    assert table.hand_eye is not None
    assert table.hand_eye.made_at == TAKEN
    np.testing.assert_allclose(table.hand_eye.camera.translation, wanted, atol=5e-3)
    for page in ("table_intrinsics/table_intrinsics.html", "table_hand_eye/table_hand_eye.html"):
        told = (Path("calibration") / page).read_text()
        assert "serial number t 9" in told
        assert f"{COUNT} used, 0 left out" in told
        assert "the worst that was used" in told

    assert main(["calibrate", "arm", "--images", "pictures"]) == 0
    assert "offsets [mrad]: shoulder" in said(capsys)
    arm = load_calibration(Path("calibration.json")).arm
    assert arm.joints is not None
    assert arm.servos is not None
    found_offsets = [arm.joints.offsets[name] for name in OBSERVABLE]
    np.testing.assert_allclose(found_offsets, offsets[1:5], atol=4e-3)
    assert arm.servos.stiffness["shoulder"] == pytest.approx(STIFFNESS[1], rel=0.05)
    assert "<img" in Path("calibration/arm/arm.html").read_text()

    parts = dates(load_calibration(Path("calibration.json")))
    assert len(parts) == 4
    assert set(parts.values()) == {TAKEN}  # as old as the pictures, whenever it is computed

    before = Path("calibration.json").read_bytes()
    rows = Path("pictures", JOINTS).read_text().splitlines()
    swapped = [",".join([p, w, s, e, c, b, a]) for p, w, s, e, a, b, c in (each.split(",") for each in rows[1:])]
    Path("swapped.csv").write_text("\n".join([rows[0], *swapped]) + "\n")
    assert main(["calibrate", "hand-eye", *words, "--mount", "stand", "--joints", "swapped.csv"]) == 2
    assert "forearm_roll and wrist_rotate are swapped" in said(capsys)
    assert Path("calibration.json").read_bytes() == before


def test_a_tour_that_was_interrupted_is_told_with_the_earlier_one_that_was_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for count in (2, 5, 3):
        writer = RecordingWriter(Path("pictures"), CaptureInfo(camera="table", serial="t 9", board=HELD_BOARD))
        for _ in range(count):
            writer.add(np.zeros((48, 64, 3), np.uint8), np.zeros(6))
        if count == 5:
            writer.finish()
    assert main(["calibrate", "arm", "--images", "pictures"]) == 2
    told = said(capsys)
    assert "interrupted after 3 views; run `clam calibrate hand-eye --camera table` again" in told
    assert "--images pictures_before_2 (" in told
    for words in (["pictures_before_2"], ["pictures", "--accept"]):
        assert main(["calibrate", "arm", "--images", *words]) == 2
        told = said(capsys)
        assert "interrupted" not in told
        assert "no calibration of camera 'table'" in told


def test_a_folder_with_a_report_is_told_from_the_one_with_its_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    writer = RecordingWriter(Path("table/pictures"), CaptureInfo(camera="table", serial="", board=HELD_BOARD))
    Path("table/table_lens.png").write_bytes(writer.add(np.zeros((48, 64, 3), np.uint8)).read_bytes())
    assert main(["calibrate", "intrinsics", "--camera", "table", "--images", "table"]) == 2
    assert "found one with a report in table; its pictures are in table/pictures" in said(capsys)


def test_board_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "board.pdf"
    assert main(["calibrate", "board", "--out", str(out)]) == 0
    assert "on a4" in said(capsys)
    assert out.read_bytes().startswith(b"%PDF")


def test_wrong_words_lead_to_the_help_of_their_own_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["calibrate", "board", "--board.square", "0.02"])
    told = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert "Error parsing board: marker, square: expected metres, the marker smaller than its square" in told
    assert "see clam calibrate board --help" in told


def test_what_is_missing_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["calibrate", "intrinsics", "--camera", "table"]) == 2
    assert "--images, --cameras" in said(capsys)
    assert main(["calibrate", "intrinsics", "--camera", "table", "--images", "none"]) == 2
    assert "no folder at none" in said(capsys)
    RecordingWriter(Path("grey"), CaptureInfo(camera="table", serial="t 9", board=HELD_BOARD)).add(
        np.zeros((48, 64, 3), np.uint8)
    )
    assert main(["calibrate", "intrinsics", "--camera", "table", "--images", "grey"]) == 2
    assert "no picture in grey counts; is it the board that --board says" in said(capsys)
    assert main(["calibrate", "intrinsics", "--camera", "table", "--cameras", "c.toml", "--seconds", "-1"]) == 2
    assert "--views, --seconds: expected more than 0, found 12 and -1" in said(capsys)
    assert main(["calibrate", "check", "--camera", "table", "--pictures", "0"]) == 2
    assert "--pictures, --seconds: expected more than 0, found 0 and 10" in said(capsys)
    assert main(["calibrate", "hand-eye", "--camera", "table", "--mount", "stand", "--images", "none"]) == 2
    assert "no calibration of camera 'table'" in said(capsys)
    words = ["hand-eye", "--camera", "table", "--mount", "stand", "--images", "grey", "--out", "new.json"]
    assert main(["calibrate", *words]) == 2
    assert "run `clam calibrate intrinsics --camera table --out new.json` first" in said(capsys)
    assert main(["calibrate", "board", "--out", "board.txt"]) == 2
    assert "found board.txt" in said(capsys)
