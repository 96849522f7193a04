"""A few of the pictures themselves, with the corners that were found in them and how far each is off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float64, UInt8

from calibration.detection import Detection
from calibration.recording import read_picture
from calibration.report_page import data_address, grid, line

# OpenCV's compiled half has no complete type information.
_CV: Any = cv2
_WIDEST, _QUALITY = 720, 80  # of a picture on the page [pixel], [%]
# Of the picture's width, that residuals of usual length fill as arrows.
_ARROW = 0.045
_NUM_PASSED_OVER = 2
_FOUND, _OFF, _OUT = "#4299e1", "#ed8936", "#f56565"
LEGEND = (
    "Blue rings are corners that were found and used, red crosses such as were left out. Orange arrows are residuals: "
    "they start at a corner and point away from where the fit draws it, as many times as long as is said beneath the "
    "picture; the white bar is as long as a residual of that many pixels."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class SeenView:
    """A view, as a report shows it.

    Attributes:
        detection: with all corners that were found.
        residuals: found minus drawn corners [pixel]; NaN of corners that were left out and not drawn.
        is_in: corners that the fit used.
        reason: why the view was left out; "" where it was used.
    """

    detection: Detection
    residuals: Float64[np.ndarray, "n 2"]
    is_in: np.ndarray
    reason: str = ""

    @property
    def rms(self) -> float:
        """Of the used corners' distances, of all where none was used [pixel]; NaN where nothing is known."""
        squares = (self.residuals[self.is_in if self.is_in.any() else slice(None)] ** 2).sum(axis=1)
        squares = squares[~np.isnan(squares)]
        return float(np.sqrt(squares.mean())) if squares.size else float("nan")


def corner_pictures(pictures: Sequence[Path], views: Sequence[SeenView], passed_over: Mapping[Path, str]) -> str:
    """The best, an ordinary and the worst view, what was left out, and pictures that are no view.

    Args:
        pictures: of the views, in their order; without them there is nothing to show.
        views: in the order they were taken.
        passed_over: pictures that became no view, each with its reason.
    """
    if len(pictures) != len(views):
        return ""
    chosen = _chosen(views)
    # One factor for all that were used, so that the better looks better.
    usual = _longer(max((views[i] for i in chosen if not views[i].reason), key=lambda each: each.rms, default=None))
    shown = [
        _seen(
            pictures[i],
            views[i],
            f"view {i + 1}, {pictures[i].name}: {why}",
            _longer(views[i]) if views[i].reason else usual,
        )
        for i, why in chosen.items()
    ]
    kinds: dict[str, Path] = {}
    for path, reason in passed_over.items():
        kinds.setdefault(reason.partition(",")[0], path)
    for path in list(kinds.values())[:_NUM_PASSED_OVER]:
        picture = read_picture(path)
        height, width = picture.shape[:2]
        shown.append(_figure(picture, width, height, "", f"{path.name}: no view, {passed_over[path]}"))
    return line("note", LEGEND) + grid(shown)


def _chosen(views: Sequence[SeenView]) -> dict[int, str]:
    """Numbers of the views that are shown, from 0 on, and why they are."""
    used = sorted((i for i, each in enumerate(views) if not each.reason), key=lambda i: views[i].rms)
    chosen: dict[int, str] = {}
    ranks = ((0, "the best"), (-1, "the worst that was used"), (len(used) // 2, "an ordinary one"))
    for i, name in [(used[rank], name) for rank, name in ranks if used]:
        chosen.setdefault(i, f"{name}, {views[i].rms:.2f} pixels rms")
    out = [i for i, each in enumerate(views) if each.reason]
    if out:
        chosen[out[0]] = f"left out: {views[out[0]].reason}"
    num_out = {i: int((~views[i].is_in).sum()) for i in used}
    most = max(num_out, key=lambda i: num_out[i], default=None)
    if most is not None and num_out[most] and most not in chosen:
        chosen[most] = f"{num_out[most]} of its corners left out, further off than noise puts them"
    return chosen


def _longer(view: SeenView | None) -> float:
    """By how much arrows are longer than residuals; 0 where there are none."""
    if view is None or np.isnan(view.rms):
        return 0.0
    return float(f"{_ARROW * view.detection.width / max(view.rms, 1e-3):.1g}")


def _seen(path: Path, view: SeenView, caption: str, longer: float) -> str:
    width, height = view.detection.width, view.detection.height
    unit = width / 640.0
    marks: list[str] = []
    for (x, y), rest, is_in in zip(view.detection.corners, view.residuals, view.is_in, strict=True):
        if is_in:
            marks.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{5 * unit:.1f}" stroke="{_FOUND}"/>')
        else:
            d = 5 * unit
            cross = f"M{x - d:.1f} {y - d:.1f}l{2 * d:.1f} {2 * d:.1f}m0 {-2 * d:.1f}l{-2 * d:.1f} {2 * d:.1f}"
            marks.append(f'<path class="out" d="{cross}" stroke="{_OUT}"/>')
        if longer and not np.isnan(rest).any():
            marks.append(_arrow(x, y, longer * float(rest[0]), longer * float(rest[1]), unit))
    if longer:
        marks.append(_scale_bar(longer, width, height, unit))
        caption += f"; arrows {longer:g} times as long as residuals"
    drawn = f'<g fill="none" stroke-width="{2.0 * unit:.2f}">{"".join(marks)}</g>'
    return _figure(read_picture(path), width, height, drawn, caption)


def _arrow(x: float, y: float, dx: float, dy: float, unit: float) -> str:
    """From a corner by (dx, dy), with a head."""
    length = float(np.hypot(dx, dy))
    if length < unit:
        return ""
    along, head = np.array([dx, dy]) / length, min(5.0 * unit, 0.5 * length)
    tip = np.array([x + dx, y + dy])
    sides = [tip - head * along + s * 0.5 * head * np.array([-along[1], along[0]]) for s in (-1.0, 1.0)]
    ends = "".join(f"M{tip[0]:.1f} {tip[1]:.1f}L{each[0]:.1f} {each[1]:.1f}" for each in sides)
    return f'<path class="arrow" d="M{x:.1f} {y:.1f}L{tip[0]:.1f} {tip[1]:.1f}{ends}" stroke="{_OFF}"/>'


def _scale_bar(longer: float, width: int, height: int, unit: float) -> str:
    """A round number of pixels, as long as a residual of it is drawn."""
    pixels = float(f"{0.12 * width / longer:.1g}")
    left, bottom, long = 12 * unit, height - 12 * unit, longer * pixels
    text = f"{pixels:g} pixel{'' if pixels == 1.0 else 's'}"
    return (
        f'<rect x="{left - 6 * unit:.1f}" y="{bottom - 26 * unit:.1f}" width="{max(long, 70 * unit) + 12 * unit:.1f}" '
        f'height="{32 * unit:.1f}" fill="#000" fill-opacity=".65" stroke="none"/>'
        f'<path d="M{left:.1f} {bottom:.1f}h{long:.1f}" stroke="#fff" stroke-width="{3 * unit:.1f}"/>'
        f'<text x="{left:.1f}" y="{bottom - 8 * unit:.1f}" font-size="{14 * unit:.1f}" fill="#fff" '
        f'stroke="none">{text}</text>'
    )


def _figure(picture: UInt8[np.ndarray, "H W 3"], width: int, height: int, marks: str, caption: str) -> str:
    """A picture with what is drawn over it, in its own pixels."""
    return (
        f'<figure><svg viewBox="-0.5 -0.5 {width} {height}" role="img" aria-label="{escape(caption)}">'
        f'<image href="{data_address("jpeg", _jpeg(picture))}" x="-0.5" y="-0.5" width="{width}" height="{height}"/>'
        f"{marks}</svg><figcaption>{escape(caption)}</figcaption></figure>"
    )


def _jpeg(picture: UInt8[np.ndarray, "H W 3"]) -> bytes:
    height, width = picture.shape[:2]
    if width > _WIDEST:
        size = (_WIDEST, round(height * _WIDEST / width))
        picture = _CV.resize(picture, size, interpolation=_CV.INTER_AREA)
    _, coded = _CV.imencode(".jpg", _CV.cvtColor(picture, _CV.COLOR_RGB2BGR), [_CV.IMWRITE_JPEG_QUALITY, _QUALITY])
    return bytes(coded)
