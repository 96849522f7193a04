"""Charts of the arm's own calibration."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from calibration.arm_fit import ArmFit, values_of
from calibration.chart_style import BLACK, GREY, MEDIUM, SERIES, WIDE, label, legend, wide_chart
from calibration.servo_stiffness import StiffnessFit
from clam_robot.hardware.wx250s import JOINT_NAMES


def draw_offsets(cameras: Sequence[str], fit: ArmFit) -> Figure:
    """What each camera says of each number, and what all say where there are several, with two standard deviations."""
    figure, axes = wide_chart(0.6 * len(fit.names) + 1.2)
    rows = np.arange(len(fit.names))
    drawn: list[Any] = []
    for number, each in enumerate(fit.fits):
        sigma = np.sqrt(np.diag(each.result.covariance_of(fit.names)))
        drawn.append(
            axes.errorbar(
                1e3 * values_of(each, fit.names),
                rows + 0.16 * (number + 1) * (len(cameras) > 1),
                xerr=2e3 * sigma,
                fmt="o",
                markersize=4,
                color=SERIES[number % len(SERIES)],
            )
        )
    names = list(cameras)
    if len(cameras) > 1:  # of one camera alone both are the same
        both = 2e3 * np.sqrt(np.diag(fit.covariance))
        drawn.append(axes.errorbar(1e3 * fit.values, rows, xerr=both, fmt="s", markersize=5, color=BLACK))
        names.append("all together")
    axes.axvline(0.0, color=GREY, linewidth=0.8)
    axes.set_yticks(rows, fit.names)
    axes.margins(y=0.12)
    axes.invert_yaxis()
    unit = "offset [mrad]; compliance [mrad/Nm]" if fit.of("compliance") else "offset [mrad]"
    label(axes, f"{unit}, ± two standard deviations")
    legend(figure, drawn, names)
    return figure


def draw_sag(fit: StiffnessFit) -> Figure:
    """How far joints stood from their goals against what gravity put on them."""
    figure = Figure(figsize=(WIDE, 5.4), layout="constrained")
    panels: Any = figure.subplots(2, 3)
    for i, (name, axes) in enumerate(zip(JOINT_NAMES, panels.ravel(), strict=True)):
        loads, sag = fit.loads[:, i], 1e3 * fit.sag[:, i]
        axes.plot(loads, sag, "o", markersize=3, color=SERIES[0])
        title = name
        if name in fit.stiffness:
            ends = np.array([loads.min(), loads.max()])
            slope = 1e3 / fit.stiffness[name]
            axes.plot(ends, sag.mean() + slope * (ends - loads.mean()), color=SERIES[1])
            title = f"{name}: {fit.stiffness[name]:.0f} Nm/rad"
        # A count of a servo fills no panel.
        middle, half = 0.5 * (sag.min() + sag.max()), max(0.6 * float(np.ptp(sag)), 3.0)
        axes.set_ylim(middle - half, middle + half)
        if float(np.ptp(loads)) < 0.02:
            axes.set_xlim(loads.mean() - 0.02, loads.mean() + 0.02)
        axes.set_title(title, fontsize=MEDIUM)
        label(axes, "torque of gravity [Nm]" if i >= 3 else "", "joint minus goal [mrad]" if i % 3 == 0 else "")
        axes.locator_params(nbins=5)
    legend(
        figure,
        [Line2D([], [], color=SERIES[0], marker="o", markersize=3, linestyle="none"), Line2D([], [], color=SERIES[1])],
        ["a pose", "stiffness that fits"],
    )
    return figure
