"""Where the figures of a report come from: devices, board, pictures, date, software."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import clam_robot
from calibration.board import Board

Facts = list[tuple[str, str]]
_UNKNOWN = "not known"


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Of what one camera saw.

    Attributes:
        camera: its name.
        camera_serial: "" where it has none.
        board: that was looked at.
        taken_at: when the pictures were begun; UTC, ISO 8601.
        made_at: when it was computed; as `taken_at`.
        arm_serial: of the arm that moved; None where it is not known.
        pictures: of the views, in their order; empty where none were kept.
        passed_over: pictures that became no view, each with its reason.
    """

    camera: str
    camera_serial: str
    board: Board
    taken_at: str
    made_at: str
    arm_serial: str | None = None
    pictures: tuple[Path, ...] = ()
    passed_over: Mapping[Path, str] = field(default_factory=dict[Path, str])

    def camera_facts(self, size: tuple[int, int]) -> Facts:
        """Of camera, board and pictures.

        Args:
            size: width and height of the pictures [pixel].
        """
        return [
            ("camera", f"{self.camera}, serial number {self.camera_serial or _UNKNOWN}"),
            ("pictures", f"{size[0]} x {size[1]} pixels, taken {in_words(self.taken_at)} UTC"),
            ("board", described(self.board)),
        ]

    def view_fact(self, num_views: int, left_out: Mapping[int, str]) -> tuple[str, str]:
        """How many views count.

        Args:
            num_views: with those that the fit left out.
            left_out: by the fit, from 0 on, each with its reason.
        """
        parts = [f"{num_views - len(left_out)} used, {len(left_out)} left out"]
        parts += [f"view {i + 1}: {reason}" for i, reason in left_out.items()]
        reasons = [each.partition(",")[0] for each in self.passed_over.values()]
        counted = ", ".join(f"{reasons.count(each)} {each}" for each in dict.fromkeys(reasons))
        if reasons:
            parts.append(f"{len(reasons)} more picture{'s' * (len(reasons) > 1)} became no view ({counted})")
        return "views", "; ".join(parts)


def arm_fact(serial: str | None) -> tuple[str, str]:
    """Which arm it was."""
    return "arm", f"serial number {serial or _UNKNOWN}"


def made_fact(made_at: str) -> tuple[str, str]:
    """When it was computed, and by what."""
    return "computed", f"{in_words(made_at)} UTC, by clam-robot {clam_robot.__version__}"


def described(board: Board) -> str:
    """A board in words."""
    return (
        f"ChArUco, {board.columns} x {board.rows} squares of {1e3 * board.square:g} mm, markers of "
        f"{1e3 * board.marker:g} mm, dictionary {board.dictionary}"
    )


def in_words(date: str) -> str:
    """A date of ISO 8601 as people read it, UTC."""
    return datetime.datetime.fromisoformat(date).astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
