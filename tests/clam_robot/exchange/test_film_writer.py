import os
from pathlib import Path

import numpy as np
import pytest

from clam_robot.exchange.film_codec import FilmCodec
from clam_robot.exchange.film_writer import FilmWriter
from clam_robot.exchange.scheduling import ordinary_scheduling
from clam_robot.specs import CameraSpec


def policies() -> set[int]:
    return {os.sched_getscheduler(int(task.name)) for task in Path("/proc/self/task").iterdir()}


def test_no_thread_is_left_more_urgent_by_encoding(tmp_path: Path) -> None:
    before = policies()
    with FilmWriter(
        tmp_path / "film.mp4", size=CameraSpec(height=64, width=64), hz=10.0, codec=FilmCodec(name="av1")
    ) as film:
        film.append(np.zeros((64, 64, 3), np.uint8))
        assert policies() == before
    assert policies() == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become urgent without a limit of its own")
def test_what_was_urgent_before_stays_so() -> None:
    before = os.sched_getscheduler(0)
    try:
        with ordinary_scheduling():
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        assert os.sched_getscheduler(0) == os.SCHED_OTHER
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        with ordinary_scheduling():
            pass
        assert os.sched_getscheduler(0) == os.SCHED_RR
    finally:
        os.sched_setscheduler(0, before, os.sched_param(0))
