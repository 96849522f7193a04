"""What is recorded, and what is refused before or after it was tried."""

import math
from pathlib import Path

import pytest

from clam_robot.errors import ConfigError, EpisodeError
from sim.collect import FIRST_SEED, MAX_DISCARDED, CollectConfig, Collected, collect


@pytest.mark.parametrize("noise", [-0.1, math.nan, math.inf])
def test_impossible_noise_is_refused(noise: float) -> None:
    with pytest.raises(ConfigError, match="noise: expected a number from 0 on"):
        CollectConfig(noise=noise)


def test_no_seed_leads_into_the_scenes_of_another_source_or_the_evaluation() -> None:
    with pytest.raises(ConfigError, match="seed: expected 0 to 99, found 100"):
        CollectConfig(seed=100)
    for source, following in (("expert", "play"), ("play", "evaluation")):
        config = CollectConfig(source=source, seed=99)
        assert FIRST_SEED[source] <= config.first_seed < FIRST_SEED[following] - 1000


def test_a_task_that_nobody_ever_solves_ends_with_what_to_do(tmp_path: Path) -> None:
    heard: list[Collected] = []
    with pytest.raises(
        EpisodeError, match=rf"expected metaworld:reach to be solved, found {MAX_DISCARDED} .*--horizon"
    ):
        collect(
            CollectConfig(robot="metaworld:reach", source="expert", horizon=1),
            tmp_path,
            1,
            on_progress=heard.append,
        )
    assert heard[-1] == Collected(num_kept=0, num_discarded=MAX_DISCARDED)
