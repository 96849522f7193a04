"""The cameras of one robot."""

from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial

from clam_robot.errors import CameraError
from clam_robot.hardware.bench import FrameListener
from clam_robot.hardware.cameras.camera import Frame
from clam_robot.hardware.cameras.camera_thread import CameraThread
from clam_robot.specs import CameraSpec


class CameraRig:
    """Several cameras, a thread for each.

    Args:
        threads: not yet started; the order of the names is theirs.
    """

    def __init__(self, threads: list[CameraThread]) -> None:
        self.threads: Mapping[str, CameraThread] = {thread.name: thread for thread in threads}

    @property
    def specs(self) -> dict[str, CameraSpec]:
        """Image size by camera name."""
        return {name: thread.camera.spec for name, thread in self.threads.items()}

    def serials(self) -> dict[str, str]:
        """What tells each camera from others, by name; some know it only once they are open."""
        return {name: thread.camera.serial for name, thread in self.threads.items()}

    def start(self) -> None:
        """Begin to open all of them, at once."""
        for thread in self.threads.values():
            thread.start()

    def wait_for_first(self, timeout: float) -> None:
        """Wait until each has a frame.

        Args:
            timeout: for each [s].

        Raises:
            CameraError: one cannot be opened or sends nothing; names it.
        """
        for thread in self.threads.values():
            thread.wait_for_first(timeout)

    def connect(self, timeout: float) -> None:
        """Start all and wait for a frame of each; where one fails, none stays open.

        Raises:
            CameraError: one cannot be opened or sends nothing; names it.
        """
        self.start()
        try:
            self.wait_for_first(timeout)
        except CameraError:
            self.end()
            raise

    def end(self) -> None:
        """Close all of them, at once."""
        with ExitStack() as closing:
            for thread in self.threads.values():
                thread.ask_to_end()
                closing.callback(thread.end)

    def latest(self, max_age: float) -> dict[str, Frame]:
        """The newest frame of each.

        Raises:
            StaleObservation: one is older than `max_age` [s]; names it.
        """
        return {name: thread.latest(max_age) for name, thread in self.threads.items()}

    def depth_units(self) -> dict[str, float]:
        """Of the depth of the cameras that measure it [m]; known with their first frames."""
        newest = {name: thread.newest for name, thread in self.threads.items()}
        return {
            name: frame.depth_unit for name, frame in newest.items() if frame is not None and frame.depth is not None
        }

    def listen(self, listener: FrameListener | None) -> None:
        """Hand every new frame of each camera to `listener`, before it is the newest; None to nobody.

        It is called in the cameras' threads, has to return at once, and must not change the arrays.
        """
        for name, thread in self.threads.items():
            thread.listen(None if listener is None else partial(_hand_over, listener, name))

    def skew(self) -> float:
        """Between the capture of the oldest and of the newest of the frames that there are now [s]."""
        times = [frame.time for thread in self.threads.values() if (frame := thread.newest) is not None]
        return max(times) - min(times) if times else 0.0


def _hand_over(listener: FrameListener, name: str, frame: Frame) -> None:
    listener(name, frame.time, frame.image, frame.depth)
