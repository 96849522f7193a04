import dataclasses

import pytest

from clam_robot.errors import ConfigError
from clam_robot.types import EpisodeOutcome
from teleop.episode_quality import QualityLimits, problems

GOOD = EpisodeOutcome(success=None, episode_return=None, num_steps=100, end="keep", achieved_hz=10.0)


@pytest.mark.parametrize(
    ("change", "num_dropped", "expected"),
    [
        ({}, 0, ""),
        ({"achieved_hz": 9.1, "num_overruns": 15, "num_held": 10}, 0, ""),
        ({"achieved_hz": 8.9}, 0, "rate 8.9 Hz, at least 9.0 of 10 Hz"),
        ({"achieved_hz": float("nan")}, 0, "rate nan Hz"),
        ({}, 1, "1 of 100 rows lost (1%), at most 0% are allowed"),
        ({"num_overruns": 16}, 0, "16 of 100 control periods late (16%), at most 15%"),
        ({"num_held": 11}, 0, "11 of 100 control periods without an action"),
        ({"num_steps": 9}, 0, "9 control periods, at least 10"),
    ],
)
def test_an_episode_below_a_limit_is_told_with_its_figures(
    change: dict[str, float], num_dropped: int, expected: str
) -> None:
    found = problems(dataclasses.replace(GOOD, **change), QualityLimits(), control_hz=10.0, num_dropped=num_dropped)
    assert len(found) == bool(expected)
    assert expected in "".join(found)


def test_limits_that_are_none_are_refused() -> None:
    with pytest.raises(ConfigError, match="min_rate: expected a share"):
        QualityLimits(min_rate=1.5)
    with pytest.raises(ConfigError, match="min_steps"):
        QualityLimits(min_steps=0)
