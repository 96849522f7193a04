"""The one thread that talks on the servo bus: reads all servos at a steady rate, writes goals as they come, and does
register work in the time between.

    every period   goals, if any are new -> one read of all servos -> a slice of health -> slices of slow work
    in between     asleep; new goals and new work wake it and are seen to at once

Slow work comes as a generator that yields between its bus requests, so a procedure of a hundred requests delays the
stream by no more than one of them.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from clam_robot.errors import DriverError, ServoSilent
from clam_robot.hardware.control_table import Register
from clam_robot.hardware.sample import FIRST, LAST, Sample
from clam_robot.hardware.servo_bus import ServoBus
from clam_robot.hardware.wx250s import IDS, SERVOS
from clam_robot.timing import Clock

T = TypeVar("T")
# Yields after each of its bus requests, or PAUSE to go on in the next period; returns its result.
PAUSE = True
Procedure = Generator[bool | None, None, T]

_log = logging.getLogger(__name__)
_LEADERS = frozenset(servo.id for servo in SERVOS if servo.follows is None)
# Of each period left free, so that the next read begins in time [s].
_RESERVE = 0.003
_END_WITHIN = 2.0


@dataclass
class _Task:
    procedure: Procedure[Any]
    future: Future[Any] = field(default_factory=Future)
    is_abandoned: bool = False


class BusThread:
    """Owns a bus from `start` to `stop`.

    Args:
        bus: opened and closed here.
        clock: a real one.
        hz: reads per second.
        watch: called in every period with the sample, None where the read failed; may make one bus request.

    Attributes:
        num_reads: samples since `start`.
        num_silent: periods without one.
        worst_gap: longest time between two samples since `start` [s].
    """

    def __init__(
        self,
        bus: ServoBus,
        clock: Clock,
        *,
        hz: float = 100.0,
        watch: Callable[[Sample | None], None] = lambda sample: None,
    ) -> None:
        self.num_reads = self.num_silent = 0
        self.worst_gap = 0.0
        self._bus, self._clock, self._period, self._watch = bus, clock, 1.0 / hz, watch
        self._ids = list(IDS)
        self._wake = threading.Condition()
        self._goals: dict[Register, dict[int, int]] = {}
        self._work: deque[_Task] = deque()
        self._sample: Sample | None = None
        self._fresh = threading.Condition()
        self._problem: DriverError | None = None
        self._absent: set[int] = set()
        self._is_stopping = self._is_open = self._is_paused = False
        self._thread: threading.Thread | None = None

    @property
    def sample(self) -> Sample | None:
        """The newest one, None before the first."""
        return self._sample

    def next_sample(self, timeout: float) -> Sample | None:
        """Wait for a sample that is not there yet; None when there is none within `timeout` [s]."""
        with self._fresh:
            return self._sample if self._fresh.wait(timeout) else None

    @property
    def problem(self) -> DriverError | None:
        """Why the newest read failed, None where it did not."""
        return self._problem

    @property
    def is_alive(self) -> bool:
        """Whether the port is open and the thread runs; False before `start`, and once the port was lost."""
        return self._is_open

    def start(self) -> None:
        """Begin to read.

        Raises:
            DriverError: the thread runs already.
        """
        if self.is_alive:
            raise DriverError("this bus is in use already; stop it first")
        self.num_reads = self.num_silent = 0
        self.worst_gap = 0.0
        self._sample = self._problem = None
        self._is_stopping, self._is_open = False, True
        self._goals.clear()
        self._absent.clear()
        self._thread = threading.Thread(target=self._run, name="servo bus", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; slow work that waits is cancelled. May be called twice."""
        with self._wake:
            self._is_stopping = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join(_END_WITHIN)
            self._thread = None

    def set_goals(self, register: Register, values: Mapping[int, int]) -> None:
        """Have a register of several servos written at once; of two values for one servo the later counts.

        Raises:
            DriverError: the port was lost.
        """
        with self._wake:
            self._require_open()
            self._goals.setdefault(register, {}).update(values)
            self._wake.notify()

    def drop_goals(self) -> None:
        """Forget the goals that were not written yet."""
        with self._wake:
            self._goals.clear()

    def skip(self, servo_id: int, is_absent: bool) -> None:
        """Leave a servo out of the reads, as while it restarts, or take it in again. Called by procedures."""
        (self._absent.add if is_absent else self._absent.discard)(servo_id)

    def run(self, procedure: Procedure[T], *, timeout: float) -> T:
        """Do slow work between the reads and wait for its result.

        Args:
            procedure: a generator that yields after each of its bus requests.
            timeout: [s].

        Raises:
            DriverError: it took too long, or the port was lost; and what the procedure raises.
        """
        task = _Task(procedure)
        with self._wake:
            self._require_open()
            self._work.append(task)
            self._wake.notify()
        try:
            return task.future.result(timeout)
        except FutureTimeout:
            task.is_abandoned = True
            raise DriverError(
                f"the servo bus did not finish within {timeout:g} s; {self._problem or 'it is busy'}"
            ) from None

    def _require_open(self) -> None:
        if not self._is_open:
            raise self._lost()

    def _lost(self) -> DriverError:
        return type(self._problem or DriverError())(str(self._problem or "the servo bus is closed; connect first"))

    def _run(self) -> None:
        try:
            deadline = self._clock.now()
            while not self._is_stopping:
                deadline = max(deadline + self._period, self._clock.now())
                self._write_goals()
                self._advance_watch(self._read())
                self._is_paused = False
                self._advance_work(deadline - _RESERVE)
                self._sleep_until(deadline)
        except DriverError as error:
            self._problem = error
            _log.error("%s", error)
        except Exception as error:
            self._problem = DriverError(f"the servo bus ended by a fault of this program: {error!r}")
            raise
        finally:
            with self._wake:
                self._is_open = False
            self._cancel_work()

    def _write_goals(self) -> None:
        with self._wake:
            goals, self._goals = self._goals, {}
        for register, values in goals.items():
            self._bus.write_all(register, values)

    def _read(self) -> Sample | None:
        """Take a sample, or keep why there is none. Only a lost port is raised."""
        ids = [servo_id for servo_id in self._ids if servo_id not in self._absent]
        begin = self._clock.now()
        try:
            replies = self._bus.read_all(ids, FIRST, LAST)
        except ServoSilent as error:
            if self._problem is None:
                _log.warning("%s", error)
            self._problem = error
            self.num_silent += 1
            return None
        sample = Sample.of(replies, 0.5 * (begin + self._clock.now()))
        if self._sample is not None:
            self.worst_gap = max(self.worst_gap, sample.time - self._sample.time)
        self._problem = None
        self.num_reads += 1
        if sample.position.keys() >= _LEADERS:  # while a joint's own servo restarts there is no state of the arm
            with self._fresh:
                self._sample = sample
                self._fresh.notify_all()
        return sample

    def _advance_watch(self, sample: Sample | None) -> None:
        with suppress(ServoSilent):  # the next read says so
            self._watch(sample)

    def _advance_work(self, until: float) -> None:
        """At least one request, and more while there is time."""
        while self._work and not self._is_stopping:
            task = self._work[0]
            if task.is_abandoned:
                task.procedure.close()
                self._work.popleft()
                continue
            try:
                is_paused = next(task.procedure)
            except StopIteration as finished:
                self._work.popleft()
                task.future.set_result(finished.value)
            except Exception as error:  # noqa: BLE001 - the caller, who waits in run(), gets it
                self._work.popleft()
                task.future.set_exception(error)
            else:
                if is_paused:
                    self._is_paused = True
                    return
            if self._clock.now() >= until:
                return

    def _sleep_until(self, deadline: float) -> None:
        while not self._is_stopping:
            with self._wake:
                remaining = deadline - self._clock.now()
                if remaining <= 0:
                    return
                is_time_to_work = remaining > _RESERVE and not self._is_paused
                if not self._goals and not (self._work and is_time_to_work):
                    self._wake.wait(remaining)
            self._write_goals()
            if is_time_to_work:
                self._advance_work(deadline - _RESERVE)

    def _cancel_work(self) -> None:
        while self._work:
            task = self._work.popleft()
            task.procedure.close()
            task.future.set_exception(self._lost())
