"""How well a recording went, from the times of what it stored."""

from dataclasses import dataclass
from importlib import import_module

import numpy as np
from jaxtyping import Float64, Int64

from clam_robot import config

# Medians import masked arrays when one is first taken, which would be half of the time that an episode ends in.
import_module("numpy.ma")


@dataclass(frozen=True, kw_only=True)
class StreamEvidence(config.Strict):
    """How well a stream with a rate of its own was recorded.

    Attributes:
        length: samples stored.
        rate: of them, by their times [1/s]; None where unknown.
        num_dropped: refused because encoder or disk were slower than the source.
        num_missing: gaps in units of the median period: what was dropped, or never came from the source.
        longest_gap: between two samples [s]; None where there are no two.
    """

    length: int = 0
    rate: float | None = None
    num_dropped: int = 0
    num_missing: int = 0
    longest_gap: float | None = None


@dataclass(frozen=True, kw_only=True)
class CameraEvidence(StreamEvidence):
    """How well a camera was recorded, and how well its frames fit the rows.

    Attributes:
        num_repeated: rows that show the frame of the row before, as a camera slower than the rows must.
        num_frozen: frames equal to the one before, pixel by pixel, though captured later.
        num_without_depth: frames whose depth is unknown everywhere, as it did not come or was lost, where it is stored.
        skew_p50: median distance between a row's time and the capture of its frame [s]; None where unknown.
        skew_max: the largest [s].
    """

    num_repeated: int = 0
    num_frozen: int = 0
    num_without_depth: int = 0
    skew_p50: float | None = None
    skew_max: float | None = None


def stream_evidence(time: Float64[np.ndarray, "N"], *, num_dropped: int = 0) -> StreamEvidence:
    """What the times of a stream tell.

    Args:
        time: of its samples; NaN where unknown [s].
        num_dropped: as counted while recording.
    """
    known = np.sort(time[np.isfinite(time)])
    periods = np.diff(known)
    if not len(periods) or known[-1] <= known[0]:
        return StreamEvidence(length=len(time), num_dropped=num_dropped)
    period = float(np.median(periods))
    missing = np.maximum(np.round(periods / period) - 1, 0).sum() if period > 0 else 0
    return StreamEvidence(
        length=len(time),
        rate=len(periods) / float(known[-1] - known[0]),
        num_dropped=num_dropped,
        num_missing=int(missing),
        longest_gap=float(periods.max()),
    )


def camera_evidence(
    frame_time: Float64[np.ndarray, "N"],
    row_time: Float64[np.ndarray, "T"],
    frame_index: Int64[np.ndarray, "T"],
    *,
    num_dropped: int = 0,
    num_frozen: int = 0,
    num_without_depth: int = 0,
) -> CameraEvidence:
    """What the times of a camera's frames and of the rows tell.

    Args:
        frame_time: of its frames; NaN where unknown [s].
        row_time: of the rows [s].
        frame_index: which frame each row shows.
        num_dropped: frames, as counted while recording.
        num_frozen: frames, as counted while recording.
        num_without_depth: frames, likewise.
    """
    stream = stream_evidence(frame_time, num_dropped=num_dropped)
    skew = np.abs(frame_time[frame_index] - row_time)
    skew = skew[np.isfinite(skew)]
    return CameraEvidence(
        length=stream.length,
        rate=stream.rate,
        num_dropped=stream.num_dropped,
        num_missing=stream.num_missing,
        longest_gap=stream.longest_gap,
        num_repeated=int((np.diff(frame_index) == 0).sum()),
        num_frozen=num_frozen,
        num_without_depth=num_without_depth,
        skew_p50=float(np.median(skew)) if len(skew) else None,
        skew_max=float(skew.max()) if len(skew) else None,
    )
