"""What one check found."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How much it matters."""

    OK = "ok"
    SKIPPED = "skipped"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check found.

    Attributes:
        check: its name.
        status: how much it matters.
        found: what is there, in words.
        why: why it matters; "" where all is well.
        mend: the command that mends it, or what a person does; "" where all is well.
    """

    check: str
    status: Status
    found: str
    why: str = ""
    mend: str = ""


def ok(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(check=check, status=Status.OK, found=found)


def skipped(check: str, found: str) -> Finding:
    """It cannot be told, for want of something that another check names."""
    return Finding(check=check, status=Status.SKIPPED, found=found)


def warning(check: str, found: str, *, why: str, mend: str) -> Finding:
    """It works, but not as well as it might."""
    return Finding(check=check, status=Status.WARNING, found=found, why=why, mend=mend)


def problem(check: str, found: str, *, why: str, mend: str) -> Finding:
    """It will not work."""
    return Finding(check=check, status=Status.PROBLEM, found=found, why=why, mend=mend)
