"""The one thread that reads a camera: keeps the newest frame, and brings the camera back when it is lost."""

import logging
import threading
from collections.abc import Callable

from clam_robot.errors import CameraError, CameraSilent, CameraUnavailable, ClamRobotError, SpecError, StaleObservation
from clam_robot.hardware.cameras.camera import Camera, Frame
from clam_robot.hardware.cameras.picture_health import HealthConfig, Lasting, PictureHealth
from clam_robot.hardware.cameras.statistics import CameraStatistics, CameraTally
from clam_robot.timing import Clock

logger = logging.getLogger(__name__)

SLOW = "slow"
# Of the frames asked for, fewer are slow [1].
_SLOW_BELOW = 0.8
# How long it must be slow before it is told, and the contrary before it is taken back [s].
_SLOW_AFTER = 2.0
# One wait for a frame, and with it the longest that the thread needs to hear of its end [s].
_READ_TIMEOUT = 0.5
# Without a good frame for so long, the camera is closed and opened again [s].
_SILENT_AFTER = 3.0
# Between two attempts to open it: first, factor, longest [s].
_BACKOFF, _GROWTH, _LONGEST_BACKOFF = 0.2, 1.6, 5.0
_END_WITHIN = 15.0  # a driver may be slow to close [s]


class CameraThread:
    """Owns a camera from `start` to `end`, and survives whatever the camera does.

    Args:
        name: of the camera, in messages.
        camera: opened and closed in the thread.
        clock: real, the one that stamps the frames.
        health: what is worth a warning.
        silent_after: without a good frame for so long, the camera is opened anew [s].
        first_backoff: wait after the first failure to open it [s]; it grows to 5 s.
    """

    def __init__(
        self,
        name: str,
        camera: Camera,
        clock: Clock,
        *,
        health: HealthConfig | None = None,
        silent_after: float = _SILENT_AFTER,
        first_backoff: float = _BACKOFF,
    ) -> None:
        self.name, self.camera = name, camera
        self._clock, self._silent_after, self._first_backoff = clock, silent_after, first_backoff
        self._health_config = health or HealthConfig()
        self._changed = threading.Condition()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._listener: Callable[[Frame], None] | None = None
        self._clear()

    def listen(self, listener: Callable[[Frame], None] | None) -> None:
        """Hand every new frame to `listener`, before it is the newest for others; None to nobody.

        So what comes with a frame beside its picture is recorded before an observation shows it. `listener` takes the
        place of the one before. It is called in the camera's thread, has to return at once, and must not change the
        frame. One that raises is told of in the log and called no more.
        """
        self._listener = listener

    def _clear(self) -> None:
        self._frame: Frame | None = None
        self._tally = CameraTally(self.camera.fps)
        self._health: dict[str, str] = {}
        self._problem: ClamRobotError | None = None
        self._num_failures = 0

    def start(self) -> None:
        """Begin; opening goes on in the thread. Does nothing while it runs."""
        if self.is_alive:
            return
        self._clear()
        self._ending.clear()
        self._thread = threading.Thread(target=self._run, name=f"camera {self.name}", daemon=True)
        self._thread.start()

    def ask_to_end(self) -> None:
        """Have it end soon; `end` waits for it."""
        self._ending.set()

    def end(self) -> None:
        """Close the camera and end the thread. May be called twice."""
        self.ask_to_end()
        if self._thread is not None:
            self._thread.join(_END_WITHIN)
            if self._thread.is_alive():
                logger.error("camera %s: its driver does not come back; unplug it", self.name)
            self._thread = None

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def problem(self) -> ClamRobotError | None:
        """Why there is no frame right now, None where there is."""
        return self._problem

    @property
    def health(self) -> dict[str, str]:
        """What is wrong with the pictures, by name: frozen, dark, overexposed, slow."""
        return self._health

    @property
    def newest(self) -> Frame | None:
        """The newest frame, however old; not to be changed."""
        return self._frame

    def latest(self, max_age: float) -> Frame:
        """The newest frame; not to be changed.

        Args:
            max_age: since its capture [s].

        Raises:
            StaleObservation: it is older, or there is none; names the camera and the cause.
        """
        frame, problem = self._frame, self._problem
        cause = f"; {problem}" if problem else ""
        if frame is None:
            raise StaleObservation(f"camera {self.name}: no frame yet{cause}")
        age = self._clock.now() - frame.time
        if age > max_age:
            raise StaleObservation(
                f"camera {self.name}: expected a frame of at most {max_age:g} s, the newest is {age:.2f} s old{cause}"
            )
        return frame

    def wait_for_first(self, timeout: float) -> None:
        """Wait until there is a frame.

        Args:
            timeout: longest wait [s].

        Raises:
            CameraError: it cannot be opened, or sends nothing in time.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._num_failures > 0, timeout)
            if self._frame is not None:
                return
            if isinstance(self._problem, CameraError):
                raise type(self._problem)(f"camera {self.name}: {self._problem}")
            cause = f"; {self._problem}" if self._problem else ""
            raise CameraSilent(f"camera {self.name}: expected a frame within {timeout:g} s, found none{cause}")

    def statistics(self) -> CameraStatistics:
        """How well it delivers."""
        with self._changed:
            return self._tally.statistics()

    def _run(self) -> None:
        backoff = self._first_backoff
        while not self._ending.is_set():
            try:
                self.camera.open()
                with self._changed:
                    self._tally.begin()
                num_before = self._tally.num_frames
                try:
                    self._read_until_silent()
                finally:
                    if self._tally.num_frames > num_before:
                        backoff = self._first_backoff
            except ClamRobotError as error:
                self._fail(error)
            except Exception as error:  # noqa: BLE001 - whatever a driver raises, the other cameras and the arm go on
                self._fail(CameraUnavailable(f"its driver failed: {type(error).__name__}: {error}"))
            self._close()
            if self._ending.wait(backoff):
                break
            backoff = min(backoff * _GROWTH, _LONGEST_BACKOFF)

    def _read_until_silent(self) -> None:
        pictures = PictureHealth(self._health_config)
        slow = Lasting(rise=_SLOW_AFTER, fall=_SLOW_AFTER)
        last_new = self._clock.now()
        while not self._ending.is_set():
            try:
                frame = self.camera.read(_READ_TIMEOUT)
                self.camera.spec.validate(frame.image, what="frame")
                if self._is_new(frame):
                    last_new = self._clock.now()
                    self._hand_over(frame)
                    self._publish(frame)
                    self._tell(self._look_at(frame, pictures, slow))
                    continue
            except (CameraSilent, SpecError) as error:
                with self._changed:
                    self._tally.num_refused += isinstance(error, SpecError)
                    self._problem = error
            if self._clock.now() - last_new > self._silent_after:
                raise CameraSilent(f"no new frame for {self._silent_after:g} s; {self._problem or 'only old ones'}")

    def _is_new(self, frame: Frame) -> bool:
        """Count a frame; False where it was counted already."""
        with self._changed:
            return self._tally.add(frame, self._clock.now())

    def _publish(self, frame: Frame) -> None:
        with self._changed:
            self._frame, self._problem, self._num_failures = frame, None, 0
            self._changed.notify_all()

    def _hand_over(self, frame: Frame) -> None:
        if self._listener is None:
            return
        try:
            self._listener(frame)
        except Exception:
            self._listener = None
            logger.exception("camera %s: its frames are handed over no more", self.name)

    def _look_at(self, frame: Frame, pictures: PictureHealth, slow: Lasting) -> dict[str, str]:
        found = pictures.look_at(frame.image, frame.time)
        rate = self._tally.rate
        if slow.update(0 < rate < _SLOW_BELOW * self.camera.fps, frame.time):
            found[SLOW] = f"{rate:.1f} frames per second of {self.camera.fps:g}; is its USB bus shared?"
        return found

    def _tell(self, health: dict[str, str]) -> None:
        before, self._health = self._health, health
        for name in health.keys() - before.keys():
            logger.warning("camera %s is %s: %s", self.name, name, health[name])
        for name in before.keys() - health.keys():
            logger.warning("camera %s is no longer %s", self.name, name)

    def _fail(self, error: ClamRobotError) -> None:
        with self._changed:
            is_new = self._num_failures == 0
            self._problem, self._health = error, {}
            self._num_failures += 1
            self._changed.notify_all()
        if is_new:
            logger.warning("camera %s: %s", self.name, error)

    def _close(self) -> None:
        try:
            self.camera.close()
        except Exception as error:  # noqa: BLE001 - a device that is gone may fail to close in any way
            logger.info("camera %s did not close: %s", self.name, error)
