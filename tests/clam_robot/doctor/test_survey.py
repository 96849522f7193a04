"""A machine without hardware is told what it lacks; one with everything is told so."""

import json
import subprocess
from pathlib import Path

import pytest

from clam_robot.cli import doctor
from clam_robot.doctor.finding import Status
from clam_robot.doctor.setup import DoctorConfig
from clam_robot.doctor.survey import CHECKS, survey
from tests.clam_robot.doctor.fake_machine import FakeMachine
from tests.programs import clam

SHIPPED = Path(__file__).parents[3] / "docker/99-clam-robot.rules"


def test_without_hardware_it_says_exactly_what_is_missing(fake: FakeMachine) -> None:
    findings = survey(fake.machine(), DoctorConfig())
    missing = [finding.check for finding in findings if finding.status is Status.PROBLEM]
    assert missing == ["udev rule", "servo adapter", "cameras"]
    assert all(finding.why and finding.mend for finding in findings if finding.status is Status.PROBLEM)


def test_with_everything_nothing_is_missing(fake: FakeMachine) -> None:
    fake.write("/etc/udev/rules.d/99-clam-robot.rules", SHIPPED.read_text())
    fake.adapter()
    (fake.root / "dev/ttyUSB0").chmod(0o666)
    fake.usb("2-1", "8086", "0b3a", name="RealSense D435i", speed=5000, video=True)
    fake.write("/run/systemd/timesync/synchronized")
    fake.write("/proc/self/limits", "Max realtime priority     50   50")
    findings = survey(fake.machine(), DoctorConfig())
    assert {finding.status for finding in findings} == {Status.OK}
    assert len(findings) == len(CHECKS["robot"])


@pytest.mark.parametrize("role", ["server", "sim"])
def test_other_roles_need_no_hardware(fake: FakeMachine, role: str) -> None:
    findings = survey(fake.machine(), DoctorConfig(role=role))  # type: ignore[arg-type]
    assert Status.PROBLEM not in {finding.status for finding in findings}


def test_the_command_tells_programs_and_ends_accordingly() -> None:
    # More cameras than a machine has: a problem everywhere.
    words = clam("doctor", "--json", "--num-cameras", "99")
    ended = subprocess.run(words, capture_output=True, text=True, timeout=120.0, check=False)
    findings = json.loads(ended.stdout)
    cameras = next(finding for finding in findings if finding["check"] == "cameras")
    assert ended.returncode == doctor.EXIT_PROBLEM
    assert cameras["status"] == "problem" and "expected 99" in cameras["found"] and cameras["mend"]


def test_people_read_the_command_that_mends_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        doctor.Command(setup=DoctorConfig(num_cameras=99)).run()
    said = capsys.readouterr().out
    assert ended.value.code == doctor.EXIT_PROBLEM
    assert "expected 99" in said and "-> plug them into ports" in said
    assert said.startswith("this machine as the robot's: arm, cameras, ROS; --role server or --role sim looks")
