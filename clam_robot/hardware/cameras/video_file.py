"""A video file as a camera."""

import cv2

from clam_robot.errors import CameraUnavailable, NotConnected
from clam_robot.hardware.cameras.camera import Frame
from clam_robot.hardware.cameras.setup import VideoSetup
from clam_robot.specs import CameraSpec
from clam_robot.timing import Clock, Rate


class VideoFile:
    """A `Camera` that plays a file at its own pace, as if what is in it happened now.

    Args:
        setup: the file, the size its pictures must have, and the rate to play it at.
        clock: paces and stamps the frames.
    """

    def __init__(self, setup: VideoSetup, clock: Clock) -> None:
        self._setup, self._clock = setup, clock
        self._video: cv2.VideoCapture | None = None
        self._rate: Rate | None = None
        self._sequence = 0
        self._is_over = False

    @property
    def spec(self) -> CameraSpec:
        """Size of its images."""
        return self._setup.spec

    @property
    def fps(self) -> float:
        """Frames per second."""
        return self._setup.fps

    @property
    def serial(self) -> str:
        """The file's path."""
        return str(self._setup.path)

    @property
    def time_source(self) -> str:
        """When a frame is played."""
        return "arrival"

    def open(self) -> None:
        """Open the file at its beginning.

        Raises:
            CameraUnavailable: there is no such file, it is no video, or it is over.
        """
        if self._video is not None:
            return
        path = self._setup.path
        if self._is_over:
            raise CameraUnavailable(f"the video {path} is over; set is_loop to play it again and again")
        if not path.is_file():
            raise CameraUnavailable(f"no video file at {path}")
        video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        if not video.isOpened():
            raise CameraUnavailable(f"{path} is not a video that OpenCV can read; make an MP4 of it")
        self._video, self._rate = video, Rate(self._setup.fps, self._clock)

    def close(self) -> None:
        """Close the file."""
        if self._video is not None:
            self._video.release()
        self._video = self._rate = None

    def read(self, timeout: float) -> Frame:
        """The next picture when it is due.

        Raises:
            NotConnected: open() comes first.
            CameraUnavailable: the video is over, or damaged.
        """
        if self._video is None or self._rate is None:
            raise NotConnected(f"{self._setup.path} is not open; call open() first")
        is_there, image = self._video.read()
        if not is_there and self._setup.is_loop:
            self._video.set(cv2.CAP_PROP_POS_FRAMES, 0)
            is_there, image = self._video.read()
        if not is_there:
            self._is_over = True
            raise CameraUnavailable(f"the video {self._setup.path} is over")
        self._rate.sleep()
        self._sequence += 1
        return Frame(
            image=cv2.cvtColor(image, cv2.COLOR_BGR2RGB),  # pyright: ignore[reportArgumentType]
            time=self._clock.now() - self._setup.latency,
            sequence=self._sequence,
        )
