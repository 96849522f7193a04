from dataclasses import replace

import numpy as np
import pytest

from calibration.bundle_settings import OBSERVABLE, BundleSettings
from calibration.diagnosis import diagnose
from calibration.mistakes import Mistake
from tests.calibration.injected_mistakes import INJECTED, OTHER_LENS, InjectedMistake, Mount, recording
from tests.calibration.synthetic_hand_eye import synthetic_views, truth
from tests.calibration.test_hand_eye import as_poses

SETTINGS = BundleSettings(offsets=OBSERVABLE)


@pytest.mark.parametrize("mount", ["wrist", "stand"])
def test_nothing_is_found_where_nothing_is_wrong(mount: Mount) -> None:
    views, _, _ = recording(mount, seed=7)
    assert diagnose(views, SETTINGS, {"other": OTHER_LENS}).findings == ()


@pytest.mark.usefixtures("unchecked_types")
@pytest.mark.parametrize("number", range(len(INJECTED)), ids=[each.name for each in INJECTED])
def test_mistake_is_named(number: int) -> None:
    # Both mounts in turn; the benchmark tries each of them with each.
    mount: Mount = "wrist" if number % 2 else "stand"
    injected: InjectedMistake = INJECTED[number]
    views, true, rng = recording(mount, count=18)
    found = diagnose(injected.spoil(views, true, rng), SETTINGS, injected.others).findings
    assert [each.mistake for each in found] == [injected.mistake[mount]]
    assert injected.said in found[0].message


@pytest.mark.usefixtures("unchecked_types")
def test_roll_and_yaw_that_are_swapped_are_named() -> None:
    rng = np.random.default_rng(0)
    views = as_poses(synthetic_views(rng, truth(rng, "wrist", offset=0.0), mount="wrist", count=24))
    assert views.tool is not None
    assert diagnose(views, BundleSettings()).findings == ()
    spoiled = replace(views, tool=views.tool[:, [0, 1, 2, 5, 4, 3]])
    assert [each.mistake for each in diagnose(spoiled, BundleSettings()).findings] == [Mistake.ANGLES_SWAPPED]
