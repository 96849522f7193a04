"""What of the paper stands beside ours is of the same tasks."""

import pytest

from clam_robot.reproduce.paper import average
from clam_robot.reproduce.tables import FOUR


def test_an_average_is_of_the_columns_that_are_shown() -> None:
    assert average("state", "clam", FOUR) == pytest.approx(0.8625)
    assert average("state", "clam", FOUR[1:2]) == 0.82
    assert average("dmcontrol", "clam", ("dmcontrol:cheetah-run", "dmcontrol:hopper-stand")) == pytest.approx(0.765)


def test_there_is_none_of_columns_that_the_paper_lacks() -> None:
    assert average("dmcontrol", "clam", ("dmcontrol:cheetah-run", "dmcontrol:walker-walk")) is None
    assert average("dmcontrol", "lapa", ("dmcontrol:cheetah-run",)) is None
    assert average("state", "lapa", FOUR[:1]) is None
    assert average("fresh", "clam", FOUR) is None


def test_an_average_of_all_its_tasks_stands_for_columns_it_does_not_give() -> None:
    assert average("state", "lapa", FOUR) == 0.21
