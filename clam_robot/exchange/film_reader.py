"""Reads the frames of a film in order."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError
from jaxtyping import Float64, UInt8

from clam_robot.errors import ExchangeError

# Half a millisecond, in which no camera of this world sends two frames.
_SAME = 5e-4


def read_film(
    path: Path, *, start: float = 0.0, stop: float | None = None
) -> Iterator[tuple[float, UInt8[np.ndarray, "H W 3"]]]:
    """Every frame from `start` until before `stop` with its time in the film [s].

    Raises:
        ExchangeError: the file is missing or no film.
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise ExchangeError(f"{path}: expected a film, found no pictures in it")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            if start > 0 and stream.time_base is not None:
                container.seek(int(start / stream.time_base), stream=stream)
            for frame in container.decode(stream):
                time = float(frame.time or 0.0)
                if time < start - _SAME:
                    continue
                if stop is not None and time >= stop - _SAME:
                    return
                yield time, frame.to_ndarray(format="rgb24")
    except (FFmpegError, OSError) as error:
        raise ExchangeError(f"{path} cannot be read as a film: {error}; restore or remove it") from error


def film_times(path: Path) -> Float64[np.ndarray, "n"]:
    """When each frame begins to be shown [s], in order; nothing is decoded.

    Raises:
        ExchangeError: the file is missing, no film, or has no times.
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise ExchangeError(f"{path}: expected a film, found no pictures in it")
            stream = container.streams.video[0]
            base = float(stream.time_base or 0)
            times = [packet.pts * base for packet in container.demux(stream) if packet.pts is not None]
    except (FFmpegError, OSError) as error:
        raise ExchangeError(f"{path} cannot be read as a film: {error}; restore or remove it") from error
    if not times or base <= 0:
        raise ExchangeError(f"{path}: expected the times of its frames, found none; convert it to MP4")
    return np.sort(np.array(times, np.float64))
