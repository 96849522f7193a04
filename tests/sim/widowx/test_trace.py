import numpy as np
import pytest

from clam_robot import config
from clam_robot.hardware import wx250s
from sim.widowx.arm_physics import ArmPhysics
from sim.widowx.trace import Trace
from sim.widowx.truth import COLUMNS, TraceReport, TwinState
from sim.widowx.twin_state import twin_state

ARM = ArmPhysics()


@pytest.fixture
def trace() -> Trace:
    ARM.reset()
    ARM.observers.clear()
    return Trace(ARM)


def column(rows: np.ndarray, name: str) -> np.ndarray:
    return rows[:, COLUMNS.index(name)]


def test_trace_sees_every_step(trace: Trace) -> None:
    ARM.step(0.1)
    report, rows = trace.take()
    assert (report.num_steps, len(rows)) == (50, 0)
    assert report.end - report.start == pytest.approx(0.1)
    assert trace.take()[0].num_steps == 0


def test_log_holds_the_true_motion_of_every_step(trace: Trace) -> None:
    ARM.place(np.zeros(6))
    trace.take()
    trace.is_logging = True
    ARM.external_torque[0] = 0.6
    ARM.step(0.4)
    report, rows = trace.take()
    assert rows.shape == (200, len(COLUMNS))
    np.testing.assert_allclose(np.diff(column(rows, "time")), 0.002)
    waist, speed = column(rows, "waist_position"), column(rows, "waist_velocity")
    assert waist[-1] == ARM.position[0]
    np.testing.assert_allclose(np.diff(waist), 0.002 * speed[1:], atol=1e-6)
    assert report.max_speed[0] == speed.max() > 0.3


def test_extremes_and_limits_broken_between_reports_are_reported(trace: Trace) -> None:
    ARM.place(np.array([3.0, 0.0, 0.0, 0.0, 0.0, 0.0]))
    ARM.external_torque[0] = 3.0
    ARM.step(0.3)
    ARM.external_torque[0] = -3.0
    ARM.step(0.3)
    report, _ = trace.take()
    assert report.high[0] > ARM.position[0]
    assert report.beyond_limit[0] == pytest.approx(report.high[0] - wx250s.joint_limits()[1][0])
    assert report.beyond_limit[0] > 0.0
    assert report.beyond_limit[5] == 0.0


def test_collisions_are_named_timed_and_weighed(trace: Trace) -> None:
    ARM.place(np.array([0.0, 0.5, 0.7, 0.0, 1.2, 0.0]))
    ARM.external_torque[1] = 3.0
    ARM.step(1.0)
    report, _ = trace.take()
    hits = {collision.geoms[1]: collision for collision in report.collisions}
    assert hits["table"].kind == "scene"
    assert hits["table"].force > 1.0
    assert report.start < hits["table"].first_time <= report.end
    assert 0 < hits["table"].num_steps <= report.num_steps


def test_resting_block_is_not_the_arms_collision(trace: Trace) -> None:
    ARM.step(0.1)
    names = {name for collision in trace.take()[0].collisions for name in collision.geoms}
    assert "block" not in names


def test_collision_with_a_free_body_is_with_an_object(trace: Trace) -> None:
    tool = ARM.data.site("tool").xpos
    ARM.data.joint("block").qpos[:3] = (tool[0], tool[1], tool[2] + 0.05)
    ARM.step(0.3)
    kinds = {collision.geoms[1]: collision.kind for collision in trace.take()[0].collisions}
    assert kinds["block"] == "object"


def test_tool_speed_is_that_of_the_tool(trace: Trace) -> None:
    ARM.place(np.zeros(6))
    trace.take()
    tool = ARM.data.site("tool").xpos
    way = [tool.copy()]
    ARM.observers.append(lambda: way.append(tool.copy()))
    ARM.external_torque[0] = 1.0
    ARM.step(0.3)
    speeds = np.linalg.norm(np.diff(way, axis=0), axis=1) / 0.002
    assert trace.take()[0].max_tool_speed == pytest.approx(speeds.max())
    assert speeds.max() > 0.5


def test_state_and_report_survive_their_journey(trace: Trace) -> None:
    ARM.step(0.1)
    state = twin_state(ARM, trace.contacts)
    assert config.from_dict(TwinState, config.to_dict(state), source="test") == state
    assert state.position == tuple(ARM.position)
    assert state.objects["block"][2] == pytest.approx(0.012, abs=1e-3)
    report, _ = trace.take()
    assert config.from_dict(TraceReport, config.to_dict(report), source="test") == report


def test_log_that_nobody_fetches_is_bounded(trace: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.widowx.trace.MAX_ROWS", 100)
    trace.is_logging = True
    ARM.step(0.5)
    report, rows = trace.take()
    assert len(rows) <= 100
    assert report.num_lost_rows + len(rows) == 250
