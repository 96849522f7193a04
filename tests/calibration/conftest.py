"""Fixtures of calibration's tests."""

from collections.abc import Iterator

import pytest

from tests.type_checks import unchecked


@pytest.fixture
def unchecked_types() -> Iterator[None]:
    """For the many cases of a fit whose first case is checked: checks take half their time."""
    with unchecked():
        yield
