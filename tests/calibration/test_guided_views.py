"""A tour whose second go gives nothing keeps what the first one saw."""

import logging

import numpy as np
import pytest

from calibration.guided_views import guided_views
from calibration.hand_eye_views import HandEyeViews
from calibration.pose_set import PoseSet, PoseSetConfig
from clam_robot.errors import CalibrationError
from clam_robot.hardware.workspace import Workspace
from tests.calibration.rendered_hand_eye import WORKSPACE
from tests.calibration.synthetic_hand_eye import synthetic_views, truth
from tests.calibration.synthetic_views import BOARD, LENS


@pytest.mark.parametrize(("count", "num_goes"), [(13, 1), (20, 2)])
def test_views_of_the_first_go_are_kept_where_the_second_has_no_pose_or_no_view(
    count: int, num_goes: int, caplog: pytest.LogCaptureFixture
) -> None:
    rng = np.random.default_rng(0)
    true = truth(rng, "wrist", offset=0.0)
    few = synthetic_views(rng, true, mount="wrist", count=5)  # too few to tell places better: as of a reversed joint
    goes: list[int] = []

    def shoot(poses: PoseSet) -> HandEyeViews:
        goes.append(len(poses.joints))
        if len(goes) > 1:
            raise CalibrationError("expected the board in most of the poses")
        return few

    config = PoseSetConfig(count=count, num_candidates=8000)
    with caplog.at_level(logging.WARNING):
        found = guided_views("wrist", BOARD, LENS, true.camera, true.board, Workspace(WORKSPACE), config, shoot)
    assert found is few
    assert goes == [12, count - 12][:num_goes]
    assert "only the first 5 views count" in caplog.text
