"""Pictures of the arm's own calibration."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from calibration.arm_fit import ArmFit, values_of
from calibration.servo_stiffness import StiffnessFit
from clam_robot.hardware.wx250s import JOINT_NAMES

_COLOURS = ("#2b6cb0", "#c05621", "#2f855a", "#805ad5")
_DPI = 110


def draw_offsets(path: Path, cameras: Sequence[str], fit: ArmFit) -> None:
    """What each camera says of each number, and what all say, with two standard deviations."""
    figure = Figure(figsize=(7.2, 0.6 * len(fit.names) + 1.4), layout="constrained")
    axes: Any = figure.add_subplot()
    rows = np.arange(len(fit.names))
    for number, (camera, each) in enumerate(zip(cameras, fit.fits, strict=True)):
        sigma = np.sqrt(np.diag(each.result.covariance_of(fit.names)))
        axes.errorbar(
            1e3 * values_of(each, fit.names),
            rows + 0.16 * (number + 1),
            xerr=2e3 * sigma,
            fmt="o",
            markersize=4,
            color=_COLOURS[number % len(_COLOURS)],
            label=camera,
        )
    both = 2e3 * np.sqrt(np.diag(fit.covariance))
    axes.errorbar(1e3 * fit.values, rows, xerr=both, fmt="s", markersize=5, color="#1a202c", label="all")
    axes.axvline(0.0, color="#a0aec0", linewidth=0.8)
    axes.set_yticks(rows, fit.names)
    axes.invert_yaxis()
    axes.set_xlabel("[mrad] for offsets, [mrad/Nm] for compliances; bars are two standard deviations")
    figure.legend(loc="outside upper center", ncols=len(cameras) + 1, fontsize=8)
    figure.savefig(path, dpi=_DPI)


def draw_sag(path: Path, fit: StiffnessFit) -> None:
    """How far joints stood from their goals against what gravity put on them."""
    figure = Figure(figsize=(7.2, 4.6), layout="constrained")
    panels: Any = figure.subplots(2, 3)
    for i, (name, axes) in enumerate(zip(JOINT_NAMES, panels.ravel(), strict=True)):
        loads, sag = fit.loads[:, i], 1e3 * fit.sag[:, i]
        axes.plot(loads, sag, "o", markersize=3, color=_COLOURS[0])
        title = name
        if name in fit.stiffness:
            ends = np.array([loads.min(), loads.max()])
            slope = 1e3 / fit.stiffness[name]
            axes.plot(ends, sag.mean() + slope * (ends - loads.mean()), color=_COLOURS[1])
            title = f"{name}: {fit.stiffness[name]:.0f} Nm/rad"
        # A count of a servo fills no panel.
        middle, half = 0.5 * (sag.min() + sag.max()), max(0.6 * float(np.ptp(sag)), 3.0)
        axes.set_ylim(middle - half, middle + half)
        if float(np.ptp(loads)) < 0.02:
            axes.set_xlim(loads.mean() - 0.02, loads.mean() + 0.02)
        axes.set_title(title, fontsize=9)
        axes.tick_params(labelsize=8)
    figure.supxlabel("torque of gravity [Nm]", fontsize=9)
    figure.supylabel("joint minus goal [mrad]", fontsize=9)
    figure.savefig(path, dpi=_DPI)
