"""`clam doctor`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import tyro

from clam_robot import config
from clam_robot.cli.console import console, plural
from clam_robot.doctor.finding import Finding, Status
from clam_robot.doctor.machine import Machine
from clam_robot.doctor.setup import DoctorConfig, Role
from clam_robot.doctor.survey import survey

_COLOURS = {Status.OK: "green", Status.SKIPPED: "dim", Status.WARNING: "yellow", Status.PROBLEM: "bold red"}
EXIT_PROBLEM = 1
ROLES: Mapping[Role, str] = {
    "robot": "the robot's: arm, cameras, ROS",
    "server": "a server: policies and training",
    "sim": "a simulated robot's: no hardware",
}


@dataclass(frozen=True, kw_only=True)
class Command:
    """Say what this machine lacks, why it matters, and the command that mends it. Changes nothing.

    Ends with code 0 where everything needed is there, 1 where something is missing. Warnings do not count.

    Attributes:
        json: print a list of objects instead, for programs.
        setup: what the machine is to be used for.
    """

    json: bool = False
    setup: Annotated[DoctorConfig, tyro.conf.arg(name="")] = field(default_factory=DoctorConfig)

    def run(self) -> None:
        """Look, and say what was found."""
        findings = survey(Machine(), self.setup)
        if self.json:
            print(json.dumps([config.to_dict(finding) for finding in findings], indent=1))
        else:
            _show(findings, self.setup.role)
        if any(finding.status is Status.PROBLEM for finding in findings):
            raise SystemExit(EXIT_PROBLEM)


def _show(findings: list[Finding], role: Role) -> None:
    others = " or ".join(f"--role {each}" for each in ROLES if each != role)
    console.print(f"this machine as {ROLES[role]}; {others} looks at it as another\n", soft_wrap=True)
    for finding in findings:
        colour = _COLOURS[finding.status]
        console.print(f"[{colour}]{finding.status:<8}[/] {finding.check:<18} ", end="")
        console.print(finding.found, markup=False, soft_wrap=True)
        for word in (finding.why, finding.mend and f"-> {finding.mend}"):
            if word:
                console.print(f"{'':<28}{word}", markup=False, soft_wrap=True)
    counts = {status: sum(finding.status is status for finding in findings) for status in Status}
    words = f"{plural(counts[Status.PROBLEM], 'problem')}, {plural(counts[Status.WARNING], 'warning')}"
    console.print(f"{words}, {counts[Status.OK]} fine, {counts[Status.SKIPPED]} skipped")
