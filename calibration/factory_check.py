"""Whether intrinsics that came with a camera draw what was seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from calibration.board import Board
from calibration.board_pose import board_pose
from calibration.detection import Detection
from calibration.intrinsics_fit import IntrinsicsFit
from clam_robot.errors import CalibrationError
from clam_robot.hardware.calibration.intrinsics import Intrinsics

_MUCH = 1.3


@runtime_checkable
class KnowsItsIntrinsics(Protocol):
    """A camera that carries its maker's intrinsics."""

    def intrinsics(self) -> Intrinsics | None:
        """For the images it streams now; None where its lens is of a kind that is not known here."""
        ...


@dataclass(frozen=True, kw_only=True)
class FactoryCheck:
    """Two sets of intrinsics on the same views.

    Attributes:
        factory_rms: of the corners' distances, the board's pose in each view being fitted [pixel].
        fitted_rms: the same for the fitted ones [pixel].
    """

    factory_rms: float
    fitted_rms: float

    @property
    def is_good(self) -> bool:
        """Whether the factory's do nearly as well."""
        return self.factory_rms < _MUCH * self.fitted_rms

    def __str__(self) -> str:
        verdict = "good" if self.is_good else "not good enough: use the fitted ones, and look at the glass"
        return f"factory intrinsics {self.factory_rms:.2f} pixels, fitted {self.fitted_rms:.2f}: {verdict}"


def check_factory(board: Board, views: Sequence[Detection], factory: Intrinsics, fit: IntrinsicsFit) -> FactoryCheck:
    """Compare the camera's own intrinsics with fitted ones on the views that the fit kept.

    Raises:
        CalibrationError: they are for another size.
    """
    if (factory.width, factory.height) != (fit.intrinsics.width, fit.intrinsics.height):
        raise CalibrationError(
            f"the camera's own intrinsics are for {factory.width} x {factory.height}, the views are "
            f"{fit.intrinsics.width} x {fit.intrinsics.height}; ask it at this size"
        )
    kept = [view for view, pose in zip(views, fit.poses, strict=True) if pose is not None]
    rms = [
        float(np.sqrt(np.mean([board_pose(board, view, each).rms ** 2 for view in kept])))
        for each in (factory, fit.intrinsics)
    ]
    return FactoryCheck(factory_rms=rms[0], fitted_rms=rms[1])
