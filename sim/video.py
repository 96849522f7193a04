"""Films what a simulated robot does."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from clam_robot.types import EpisodeOutcome, EpisodeStart, Step
from sim.base import SimulatedRobot

_WHITE, _GREEN, _RED = (255, 255, 255), (90, 220, 110), (240, 100, 90)
# Rows darkened behind the caption.
_STRIP = 26
# Frames for which the last picture of an episode stays, with its outcome.
_STILL_FRAMES = 15


class RolloutVideo:
    """A `Subscriber` that renders every step into an MP4 (H.264, which browsers play).

    Args:
        robot: whose scene is filmed.
        path: file to write; it is complete after `close`.
        title: written into the picture.
        camera: which camera of the scene.
        height: of the picture [pixel], even.
        width: of the picture [pixel], even.
        max_episodes: episodes to film; later ones are not rendered.
    """

    def __init__(
        self,
        robot: SimulatedRobot,
        path: Path,
        *,
        title: str,
        camera: str,
        height: int = 400,
        width: int = 400,
        max_episodes: int = 3,
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._robot = robot
        self._title = title
        self._camera = camera
        self._size = (height, width)
        self._remaining = max_episodes
        self._caption = ""
        self._frame: np.ndarray | None = None
        self._font = ImageFont.load_default(size=14)
        self._container = av.open(str(path), "w", options={"movflags": "+faststart"})
        self._stream = self._container.add_stream("libx264", rate=round(robot.spec.control_hz))
        self._stream.height, self._stream.width = height, width
        self._stream.pix_fmt = "yuv420p"
        self._stream.options = {"crf": "23", "preset": "veryfast"}

    def on_episode_start(self, start: EpisodeStart) -> None:
        """Write the scene into the caption."""
        self._caption = f"{self._title}, scene {start.seed}"

    def on_step(self, step: Step) -> None:
        """Film a step."""
        if self._remaining > 0:
            self._frame = self._robot.render(self._camera, *self._size)
            self._write(self._frame, self._caption, _WHITE)

    def on_episode_end(self, outcome: EpisodeOutcome) -> None:
        """Hold the last picture, with the outcome."""
        if self._remaining > 0 and self._frame is not None:
            text, colour = ("success", _GREEN) if outcome.success else ("no success", _RED)
            for _ in range(_STILL_FRAMES):
                self._write(self._frame, f"{self._caption}: {text}", colour)
        self._remaining -= 1

    def close(self) -> None:
        """Finish the file."""
        for packet in self._stream.encode():
            self._container.mux(packet)
        self._container.close()

    def _write(self, frame: np.ndarray, text: str, colour: tuple[int, int, int]) -> None:
        picture = frame.copy()
        picture[:_STRIP] //= 4
        image = Image.fromarray(picture)
        ImageDraw.Draw(image).text((8, 5), text, fill=colour, font=self._font)
        for packet in self._stream.encode(av.VideoFrame.from_image(image)):
            self._container.mux(packet)


@contextmanager
def film(video: RolloutVideo) -> Iterator[RolloutVideo]:
    """Close the file whatever happens."""
    try:
        yield video
    finally:
        video.close()
