"""Cameras as a bench, alone or beside one that knows the task."""

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float64, UInt8

from clam_robot.errors import ConfigError
from clam_robot.hardware.bench import Bench, FrameListener
from clam_robot.hardware.cameras.rig import CameraRig
from clam_robot.specs import CameraSpec
from clam_robot.types import TaskStatus


class CameraBench:
    """A `Bench` whose pictures come from cameras; points and the task from another bench, where there is one.

    Cameras alone measure no points, and their task status stays unknown, False.

    Args:
        rig: not yet started.
        task: what is to be done, where no other bench says it.
        max_age: an older frame is no observation [s].
        open_timeout: longest wait for the first frame of each camera [s].
        beside: measures points and judges the task; its own cameras are kept.
        admit: told the serials of the cameras by name once they are open; raises where one does not fit.

    Raises:
        ConfigError: both have a camera of the same name.
    """

    def __init__(
        self,
        rig: CameraRig,
        *,
        task: str = "",
        max_age: float = 0.5,
        open_timeout: float = 10.0,
        beside: Bench | None = None,
        admit: Callable[[Mapping[str, str]], None] = lambda serials: None,
    ) -> None:
        twice = set() if beside is None else rig.specs.keys() & beside.cameras.keys()
        if twice:
            raise ConfigError(f"the bench has a camera named {', '.join(sorted(twice))}, too; rename one of them")
        self.rig = rig
        self._task, self._max_age, self._open_timeout, self._beside = task, max_age, open_timeout, beside
        self._admit = admit

    @property
    def task(self) -> str:
        """What is to be done."""
        return self._task if self._beside is None else self._beside.task

    @property
    def points(self) -> tuple[str, ...]:
        """Those of the other bench."""
        return () if self._beside is None else self._beside.points

    @property
    def cameras(self) -> dict[str, CameraSpec]:
        """Image size by camera name."""
        return self.rig.specs | ({} if self._beside is None else self._beside.cameras)

    def connect(self) -> None:
        """Open all cameras and wait for a frame of each; where one fails, nothing stays open.

        Raises:
            CameraError: one cannot be opened or sends nothing; names it.
            ClamRobotError: one is not admitted.
        """
        self.rig.connect(self._open_timeout)
        try:
            self._admit(self.rig.serials())
            if self._beside is not None:
                self._beside.connect()
        except BaseException:
            self.rig.end()
            raise

    def disconnect(self) -> None:
        """Close all cameras."""
        self.rig.end()
        if self._beside is not None:
            self._beside.disconnect()

    def reset(self, seed: int | None) -> None:
        """Cameras have nothing to lay out."""
        if self._beside is not None:
            self._beside.reset(seed)

    def measure(self) -> list[Float64[np.ndarray, "3"]]:
        """Where the other bench's points are [m]."""
        return [] if self._beside is None else self._beside.measure()

    def frames(self) -> dict[str, tuple[UInt8[np.ndarray, "H W 3"], float]]:
        """The newest frame of every camera, copied, and when it was captured [s].

        Raises:
            StaleObservation: one is too old; names the camera and the cause.
        """
        frames = {name: (frame.image.copy(), frame.time) for name, frame in self.rig.latest(self._max_age).items()}
        return frames | ({} if self._beside is None else self._beside.frames())

    def depth_units(self) -> dict[str, float]:
        """Of the depth that comes with frames, see `CameraRig.depth_units`."""
        return self.rig.depth_units()

    def listen(self, listener: FrameListener | None) -> None:
        """Hand every new frame of the cameras to `listener`, see `CameraRig.listen`."""
        self.rig.listen(listener)

    def status(self) -> TaskStatus:
        """As the other bench judges it."""
        if self._beside is None:
            return TaskStatus(success=False, episode_return=0.0, num_steps=0, is_over=False)
        return self._beside.status()
