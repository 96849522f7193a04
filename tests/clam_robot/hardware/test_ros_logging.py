"""A ROS node in the process does not take the log away."""

import logging
from collections.abc import Iterator

import pytest

from clam_robot.hardware.ros_logging import kept_logging


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)


def test_handlers_and_level_are_as_before_and_new_handlers_stay(root: logging.Logger) -> None:
    ours, theirs = logging.NullHandler(), logging.NullHandler()
    root.setLevel(logging.WARNING)
    root.handlers[:] = before = [ours]
    with kept_logging():
        root.handlers[:] = [theirs]  # as rospy.init_node does
        root.setLevel(logging.INFO)
    assert root.handlers == [theirs, *before]
    assert root.level == logging.WARNING


def test_the_chatter_of_ros_stays_in_its_file(root: logging.Logger) -> None:
    heard: list[str] = []

    class Console(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage())

    root.handlers[:] = [Console()]
    with kept_logging():
        root.handlers[:] = []
    logging.getLogger("rospy.internal").error("cannot unregister")
    logging.getLogger("clam_robot.hardware").error("elbow has a hardware error")
    assert heard == ["elbow has a hardware error"]


def test_what_was_left_alone_is_not_added_twice(root: logging.Logger) -> None:
    before = list(root.handlers)
    with kept_logging():
        pass
    assert root.handlers == before
