"""Keeps a program's log on its console when a ROS node starts in it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_logging() -> Iterator[None]:
    """Around `rospy.init_node`, which puts a log file of its own in place of all handlers and lowers the level.

    What the servos' health has to say would then be seen by nobody. Of ROS itself the console hears what rospy prints.
    """
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        for handler in handlers:
            if handler not in root.handlers:
                handler.addFilter(_is_ours)
                root.addHandler(handler)
        root.setLevel(level)


def _is_ours(record: logging.LogRecord) -> bool:
    return not record.name.startswith("ros")
