"""What stands on the twin's table, for a robot that reaches its arm over the servo bus or ROS."""

import numpy as np
from jaxtyping import Float64, UInt8

from clam_robot.errors import NotConnected, RobotError
from clam_robot.specs import CameraSpec
from clam_robot.timing import Clock
from clam_robot.types import TaskStatus
from sim.widowx.twin_client import TwinClient
from sim.widowx_tasks import task_points


class TwinBench:
    """A `Bench` on the side channel of `clam twin`.

    Args:
        address: host and port of the side channel.
        task: what the twin was started with.
        clock: stamps the pictures.
        cameras: image size by camera name.
        horizon: looks at the bench per episode.

    Raises:
        UnknownRobot: no such task.
    """

    HORIZON = 100

    def __init__(
        self,
        address: tuple[str, int],
        *,
        task: str,
        clock: Clock,
        cameras: dict[str, CameraSpec] | None = None,
        horizon: int = HORIZON,
    ) -> None:
        self._address = address
        self._task = task
        self._points = task_points(task)
        self._clock = clock
        self._cameras = cameras or {}
        self._horizon = horizon
        self._client: TwinClient | None = None
        self._best_credit = 0.0
        self._num_looks = 0

    @property
    def task(self) -> str:
        """What is to be done."""
        return self._task

    @property
    def points(self) -> tuple[str, ...]:
        """Names of the task's points."""
        return self._points

    @property
    def cameras(self) -> dict[str, CameraSpec]:
        """Image size by camera name."""
        return self._cameras

    def connect(self) -> None:
        """Call the twin.

        Raises:
            RobotError: nobody answers, or it was started with another task.
        """
        if self._client is not None:
            return
        client = TwinClient(self._address)
        found = client.describe()["task"]
        if found != self._task:
            client.close()
            raise RobotError(
                f"expected a twin with task {self._task}, found {found}; start `clam twin --task {self._task}`"
            )
        self._client = client

    def disconnect(self) -> None:
        """Hang up."""
        if self._client is not None:
            self._client.close()
        self._client = None

    def reset(self, seed: int | None) -> None:
        """Lay the things out; the arm stays as it is."""
        self._live().reset(int(np.random.default_rng().integers(2**31)) if seed is None else seed, keep_arm=True)
        self._best_credit, self._num_looks = 0.0, 0

    def measure(self) -> list[Float64[np.ndarray, "3"]]:
        """Where the points are [m]."""
        points = self._live().state().points
        return [np.array(points[name]) for name in self._points]

    def frames(self) -> dict[str, tuple[UInt8[np.ndarray, "H W 3"], float]]:
        """A picture of every camera."""
        return {
            name: (self._live().frame(name, size.height, size.width), self._clock.now())
            for name, size in self._cameras.items()
        }

    def status(self) -> TaskStatus:
        """As the twin's task judges this moment; the return is the best credit so far."""
        state = self._live().state()
        self._best_credit = max(self._best_credit, state.reward)
        self._num_looks += 1
        return TaskStatus(
            success=state.success,
            episode_return=self._best_credit,
            num_steps=self._num_looks,
            is_over=self._num_looks >= self._horizon,
        )

    def _live(self) -> TwinClient:
        if self._client is None:
            raise NotConnected("the bench is not connected; call connect() first")
        return self._client
