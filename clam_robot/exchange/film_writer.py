"""Writes frames into an MP4 file, one picture a period."""

from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from av.packet import Packet
from av.video.stream import VideoStream
from jaxtyping import UInt8

from clam_robot.exchange.film_codec import FilmCodec
from clam_robot.exchange.scheduling import ordinary_scheduling
from clam_robot.specs import CameraSpec

_ENCODERS = {"h264": "libx264", "av1": "libsvtav1"}


class FilmWriter:
    """An MP4 file that grows frame by frame; frame k is shown at k / `hz`.

    Attributes:
        num_frames: so far.
        num_bytes: encoded so far [bytes].
    """

    def __init__(self, path: Path, *, size: CameraSpec, hz: float, codec: FilmCodec) -> None:
        """Begin the file; its folder is made when it is not there.

        Raises:
            ConfigError: the codec cannot hold pictures of this size.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._container = av.open(str(path), "w", format="mp4")
        rate = Fraction(hz).limit_denominator(1000)
        stream = self._container.add_stream(_ENCODERS[codec.name], rate=rate, options=codec.options())
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = size.width, size.height, codec.pixel_format(size)
        stream.codec_context.time_base = 1 / rate
        with ordinary_scheduling():
            stream.codec_context.open()
        self._stream = stream
        self.num_frames = 0
        self.num_bytes = 0

    def append(self, frame: UInt8[np.ndarray, "H W 3"]) -> None:
        """Encode the next frame."""
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        picture.pts = self.num_frames
        picture.time_base = self._stream.codec_context.time_base
        self._write(self._stream.encode(picture))
        self.num_frames += 1

    def _write(self, packets: list[Packet]) -> None:
        self.num_bytes += sum(packet.size for packet in packets)
        self._container.mux(packets)

    def close(self) -> None:
        """Finish the file."""
        if self._stream.codec_context.is_open:
            self._write(self._stream.encode(None))
        self._container.close()

    def __enter__(self) -> "FilmWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
