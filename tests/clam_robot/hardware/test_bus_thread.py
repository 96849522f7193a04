"""The bus thread shares the bus fairly between reads, goals and slow work; the bus is a stand-in."""

import time
from collections.abc import Iterator, Sequence

import pytest

from clam_robot.errors import DriverError, PortUnavailable, ServoSilent
from clam_robot.hardware.bus_thread import PAUSE, BusThread, Procedure
from clam_robot.hardware.control_table import GOAL_POSITION, GOAL_PWM, PRESENT_CURRENT, Register
from clam_robot.hardware.serial_port import SerialPort
from clam_robot.hardware.servo_bus import Reply, ServoBus
from clam_robot.timing import MonotonicClock
from tests.programs import wait_for

REQUEST = 0.004  # how long a request of slow work takes [s]


class ScriptedBus(ServoBus):
    """Keeps what happens in order; answers every read with zeros, or with what is wrong with it."""

    def __init__(self) -> None:
        super().__init__(SerialPort("/dev/null"))
        self.events: list[str] = []
        self.written: list[tuple[Register, dict[int, int]]] = []
        self.problem: DriverError | None = None

    def read_all(self, ids: Sequence[int], first: Register, last: Register) -> dict[int, Reply]:
        if self.problem is not None:
            raise self.problem
        assert first is PRESENT_CURRENT
        self.events.append("read")
        return {servo_id: Reply(bytes(10), is_alert=False) for servo_id in ids}

    def write_all(self, register: Register, values: dict[int, int]) -> None:
        self.events.append("write")
        self.written.append((register, dict(values)))


@pytest.fixture
def bus() -> ScriptedBus:
    return ScriptedBus()


@pytest.fixture
def thread(bus: ScriptedBus) -> Iterator[BusThread]:
    thread = BusThread(bus, MonotonicClock())
    thread.start()
    wait_for(lambda: thread.sample is not None, "a sample")
    yield thread
    thread.stop()


def requests(bus: ScriptedBus, count: int) -> Procedure[str]:
    for _ in range(count):
        time.sleep(REQUEST)
        bus.events.append("work")
        yield
    return "done"


def test_slow_work_gives_its_result_and_never_holds_the_reads_up(bus: ScriptedBus, thread: BusThread) -> None:
    assert thread.run(requests(bus, 60), timeout=60.0) == "done"
    between = "".join("r" if event == "read" else "w" for event in bus.events).split("r")
    # Of a period of 10 ms, 3 are left free: two requests that begin in the first 7, and one in the wait for the next.
    assert max(len(work) for work in between) <= 3
    assert sum(len(work) for work in between) == 60


def test_work_that_pauses_goes_on_in_the_next_period(bus: ScriptedBus, thread: BusThread) -> None:
    def patient() -> Procedure[int]:
        for _ in range(5):
            bus.events.append("work")
            yield PAUSE
        return thread.num_reads

    before = thread.num_reads
    assert thread.run(patient(), timeout=60.0) - before >= 4


def test_what_work_raises_reaches_the_caller_and_the_stream_goes_on(bus: ScriptedBus, thread: BusThread) -> None:
    def broken() -> Procedure[None]:
        yield
        raise ServoSilent("the elbow does not answer")

    with pytest.raises(ServoSilent, match="the elbow"):
        thread.run(broken(), timeout=60.0)
    before = thread.num_reads
    wait_for(lambda: thread.num_reads > before, "more reads")


def test_work_that_takes_too_long_is_abandoned(bus: ScriptedBus, thread: BusThread) -> None:
    ended: list[bool] = []

    def endless() -> Procedure[None]:
        try:
            while True:
                yield PAUSE
        finally:
            ended.append(True)

    with pytest.raises(DriverError, match=r"did not finish within 0.05 s"):
        thread.run(endless(), timeout=0.05)
    wait_for(lambda: bool(ended), "the end of the work")


def test_goals_are_merged_by_register_and_the_newest_is_written(bus: ScriptedBus, thread: BusThread) -> None:
    thread.set_goals(GOAL_PWM, {9: 5})
    for count in range(100):
        thread.set_goals(GOAL_POSITION, {1: count, 2: -count})
    wait_for(lambda: bool(bus.written) and bus.written[-1] == (GOAL_POSITION, {1: 99, 2: -99}), "the newest goal")
    assert (GOAL_PWM, {9: 5}) in bus.written


def test_dropped_goals_are_not_written(bus: ScriptedBus) -> None:
    thread = BusThread(bus, MonotonicClock(), hz=1.0)
    with pytest.raises(DriverError, match="connect first"):
        thread.set_goals(GOAL_POSITION, {1: 7})
    thread.start()
    thread.drop_goals()
    thread.stop()
    assert bus.written == []


def test_silence_is_a_problem_until_the_next_answer(bus: ScriptedBus, thread: BusThread) -> None:
    bus.problem = ServoSilent("the elbow does not answer")
    wait_for(lambda: thread.problem is not None, "a problem")
    assert thread.is_alive
    bus.problem = None
    wait_for(lambda: thread.problem is None, "an answer")


def test_a_lost_port_ends_the_thread_and_whoever_waits_for_it(bus: ScriptedBus, thread: BusThread) -> None:
    def waiting() -> Procedure[None]:
        bus.problem = PortUnavailable("/dev/ttyDXL was lost")
        while True:
            yield PAUSE

    with pytest.raises(PortUnavailable, match="/dev/ttyDXL was lost"):
        thread.run(waiting(), timeout=60.0)
    assert not thread.is_alive
    with pytest.raises(PortUnavailable, match="/dev/ttyDXL was lost"):
        thread.set_goals(GOAL_POSITION, {1: 7})
    with pytest.raises(PortUnavailable, match="/dev/ttyDXL was lost"):
        thread.run(waiting(), timeout=60.0)


def test_while_a_joints_servo_is_left_out_there_is_no_state(bus: ScriptedBus, thread: BusThread) -> None:
    def leave_out(servo_id: int) -> Procedure[None]:
        thread.skip(servo_id, True)
        yield PAUSE

    thread.run(leave_out(3), timeout=60.0)  # a second motor: the joint is still read
    sample = thread.sample
    wait_for(lambda: thread.sample is not sample, "a newer state")
    thread.run(leave_out(4), timeout=60.0)
    before, sample = thread.num_reads, thread.sample
    wait_for(lambda: thread.num_reads > before + 3, "more reads")
    assert thread.sample is sample
