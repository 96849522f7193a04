import threading
from collections.abc import Callable, Iterator

import pytest

from clam_robot.episodes.record_queue import RecordQueue
from clam_robot.episodes.records import Record, Row
from clam_robot.episodes.schema import STATE
from clam_robot.specs import RobotSpec
from clam_robot.types import Step


@pytest.fixture
def rows(make_spec: Callable[..., RobotSpec], make_steps: Callable[..., Iterator[Step]]) -> list[Row]:
    spec = make_spec()
    return [Row.from_step(step, spec, is_labeled=True, frame_index={}) for step in make_steps(spec, 10)]


def numbers(block: list[Record]) -> list[float]:
    return [float(record.values[STATE][0]) for record in block if isinstance(record, Row)]


def test_blocks_come_out_in_order_and_the_rest_after_closing(rows: list[Row]) -> None:
    queue = RecordQueue(max_bytes=10**6, block=4)
    assert all(queue.put([row], wait=False) for row in rows)
    queue.close()
    assert [numbers(queue.get()) for _ in range(4)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9], []]
    assert not queue.put([rows[0]], wait=True)


def test_a_full_queue_refuses_and_hands_over_what_it_has(rows: list[Row]) -> None:
    queue = RecordQueue(max_bytes=3 * rows[0].num_bytes, block=8)
    assert [queue.put([row], wait=False) for row in rows[:5]] == [True, True, True, False, False]
    assert numbers(queue.get()) == [0, 1, 2]
    assert queue.put([rows[5]], wait=False)


def test_a_row_larger_than_the_queue_fits_into_an_empty_one(rows: list[Row]) -> None:
    queue = RecordQueue(max_bytes=1, block=8)
    assert queue.put([rows[0]], wait=False)
    assert not queue.put([rows[1]], wait=False)


def test_who_waits_for_room_is_served_when_there_is_some(rows: list[Row]) -> None:
    queue = RecordQueue(max_bytes=2 * rows[0].num_bytes, block=8)
    taken: list[bool] = []
    thread = threading.Thread(target=lambda: taken.extend(queue.put([row], wait=True) for row in rows))
    thread.start()
    found: list[float] = []
    while len(found) < len(rows):
        if len(found) >= len(rows) - 2:
            thread.join(10)
            queue.close()
        found += numbers(queue.get())
    assert found == list(range(10))
    assert taken == [True] * 10


def test_closing_wakes_who_waits(rows: list[Row]) -> None:
    queue = RecordQueue(max_bytes=1, block=8)
    queue.put([rows[0]], wait=False)
    answers: list[object] = []
    thread = threading.Thread(target=lambda: answers.append(queue.put([rows[1]], wait=True)))
    thread.start()
    queue.close(discard=True)
    thread.join(10)
    assert answers == [False]
    assert queue.get() == []
