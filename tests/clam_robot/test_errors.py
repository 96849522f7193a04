"""The drawn tree of errors is the real one."""

import re

import pytest

from clam_robot import errors
from clam_robot.errors import ClamRobotError

ERRORS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ClamRobotError)]


def test_the_tree_in_the_docstring_is_the_tree_of_classes() -> None:
    drawn: dict[str, str] = {}
    branch = [""]
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"^    ((?:│   |├── |└── |    )*)([A-Z]\w+)\b", line)
        if found:
            depth = len(found[1]) // 4
            branch[depth + 1 :] = [found[2]]
            drawn[found[2]] = branch[depth]
    real = {kind.__name__: "" if kind is ClamRobotError else kind.__bases__[0].__name__ for kind in ERRORS}
    assert drawn == real


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_says_its_message(kind: type[ClamRobotError]) -> None:
    assert "expected this, found that" in str(kind("expected this, found that"))


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.ConfigError, ValueError),
        (errors.SpecMismatch, ValueError),
        (errors.StaleObservation, TimeoutError),
        (errors.PolicyUnavailable, ConnectionError),
        (errors.MissingDependency, ImportError),
    ],
)
def test_errors_are_also_the_builtin_that_fits(kind: type[ClamRobotError], builtin: type[Exception]) -> None:
    assert issubclass(kind, builtin)
