"""How much each chunk counts, by rule."""

import math

import pytest
import tyro
from hypothesis import given
from hypothesis import strategies as st

from clam_robot import config
from clam_robot.control.latest_only import LatestOnly
from clam_robot.control.loop import LoopConfig
from clam_robot.control.merge_rule import MergeRule
from clam_robot.control.prefix_freezing import PrefixFreezing
from clam_robot.control.temporal_ensembling import TemporalEnsembling
from clam_robot.control.weighted_average import WeightedAverage
from clam_robot.errors import ConfigError

RULES: list[MergeRule] = [
    LatestOnly(),
    WeightedAverage(),
    WeightedAverage(new_weight=1.0),
    TemporalEnsembling(),
    TemporalEnsembling(decay=0.0),
    PrefixFreezing(),
    PrefixFreezing(frozen=0.0, crossfade=0.0),
]


@given(
    rule=st.sampled_from(RULES),
    arrivals=st.lists(st.floats(0.0, 5.0), min_size=1, max_size=20),
    wait=st.floats(0.0, 5.0),
)
def test_weights_are_shares_of_one(rule: MergeRule, arrivals: list[float], wait: float) -> None:
    weights = rule.weights(sorted(arrivals), max(arrivals) + wait)
    assert len(weights) == len(arrivals)
    assert all(weight >= 0 for weight in weights)
    assert sum(weights) == pytest.approx(1.0)


def test_the_newest_takes_all() -> None:
    assert LatestOnly().weights([0.0, 1.0, 2.0], 2.0) == [0.0, 0.0, 1.0]


def test_a_new_chunk_is_averaged_into_the_plan_so_far() -> None:
    rule = WeightedAverage()
    assert rule.weights([0.0], 3.0) == [1.0]
    assert rule.weights([0.0, 1.0], 3.0) == pytest.approx([0.3, 0.7])
    assert rule.weights([0.0, 1.0, 2.0], 3.0) == pytest.approx([0.09, 0.21, 0.7])
    assert WeightedAverage(new_weight=0.5).weights([0.0, 1.0], 3.0) == pytest.approx([0.5, 0.5])


def test_an_ensemble_weighs_the_oldest_most() -> None:
    weights = TemporalEnsembling(decay=0.5).weights([0.0, 1.0, 2.0], 3.0)
    assert weights[0] / weights[1] == pytest.approx(math.exp(0.5))
    assert weights[0] / weights[2] == pytest.approx(math.exp(1.0))
    assert TemporalEnsembling(decay=0.0).weights([0.0, 1.0], 3.0) == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize(
    ("age", "new"), [(0.0, 0.0), (0.099, 0.0), (0.1, 0.0), (0.15, 0.25), (0.2, 0.5), (0.3, 1.0), (9.0, 1.0)]
)
def test_the_plan_so_far_is_frozen_and_then_fades(age: float, new: float) -> None:
    rule = PrefixFreezing(frozen=0.1, crossfade=0.2)
    assert rule.weights([0.0, 5.0], 5.0 + age) == pytest.approx([1.0 - new, new])


def test_the_plan_that_is_frozen_may_itself_be_fading() -> None:
    rule = PrefixFreezing(frozen=0.1, crossfade=0.2)
    assert rule.weights([0.0, 5.0, 5.15], 5.2) == pytest.approx([0.5, 0.5, 0.0])
    assert rule.weights([0.0, 5.0, 5.15], 5.35) == pytest.approx([0.0, 0.5, 0.5])


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_survives_a_file(rule: MergeRule) -> None:
    wanted = LoopConfig(merge=rule)  # type: ignore[arg-type]
    assert config.from_dict(LoopConfig, config.to_dict(wanted), source="round trip") == wanted


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({"rule": "mean"}, "'latest', 'weighted', 'ensemble', 'freeze'"),
        ({"rule": "latest", "new_weight": 0.5}, "unknown key 'merge.latest.new_weight'"),
        ({"rule": "weighted", "new_weight": 0.0}, "new_weight must lie above 0"),
        ({"rule": "weighted", "new_weight": 1.5}, "new_weight must lie above 0"),
        ({"rule": "ensemble", "decay": -1.0}, "decay must be a number of at least 0"),
        ({"rule": "freeze", "frozen": -0.1}, "frozen must be a number of seconds"),
        ({"rule": "freeze", "crossfade": math.nan}, "crossfade must be a number of seconds"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_by_name(data: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        config.from_dict(LoopConfig, {"merge": data}, source="loop.toml")


def test_a_rule_is_chosen_on_a_command_line() -> None:
    assert tyro.cli(LoopConfig, args=[]) == LoopConfig()
    chosen = tyro.cli(LoopConfig, args=["--max-held", "7", "merge:weighted-average", "--merge.new-weight", "0.6"])
    assert chosen == LoopConfig(max_held=7, merge=WeightedAverage(new_weight=0.6))
