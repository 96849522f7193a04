import numpy as np

from clam_robot.control.tally import Pace
from clam_robot.episodes.health import RecordingHealth
from clam_robot.specs import CameraSpec
from clam_robot.testing.fakes import fake_spec
from clam_robot.types import EpisodeStart, Observation, Step
from teleop.episode_quality import QualityLimits
from teleop.recording_gauges import RecordingGauges
from teleop.session_state import Gauge


def gauges_after(
    times: list[float], *, num_dropped: int = 0, skew: float = 0.0, num_overruns: int = 0
) -> dict[str, Gauge]:
    spec = fake_spec({"wrist": CameraSpec(height=2, width=2)})
    gauges = RecordingGauges(spec, QualityLimits())
    health = RecordingHealth(num_dropped={"images/wrist": num_dropped}, queue_fill=0.25)
    for begin in (100.0, 0.0):  # what was before an episode's start does not count
        gauges.on_episode_start(EpisodeStart(spec=spec, task="", source="teleop"))
        for time in times:
            observation = Observation(
                time=begin + time, state=np.zeros(6, np.float32), image_times={"wrist": begin + time - skew}
            )
            gauges.on_step(Step(observation=observation, requested=None, sent=None))
    pace = Pace(num_steps=len(times), num_overruns=num_overruns)
    return {
        each.name: each
        for each in gauges.gauges(pace=pace, num_dropped=num_dropped, health=health, free_bytes=4 * 10**9)
    }


def test_a_good_recording_alarms_nobody_but_for_the_disk() -> None:
    found = gauges_after([0.1 * k for k in range(100)], skew=0.02)
    rate, skew = found["rate"].value, found["camera skew"].value
    assert rate is not None
    assert skew is not None
    assert abs(rate - 10.0) < 0.01
    assert abs(skew - 20.0) < 0.01
    assert {name for name, each in found.items() if each.is_alarming} == {"disk left"}


def test_a_slow_late_lossy_and_skewed_recording_alarms() -> None:
    found = gauges_after([0.2 * k for k in range(50)], num_dropped=5, skew=0.3, num_overruns=49)
    assert {name for name, each in found.items() if each.is_alarming} == set(found)
    assert found["dropped rows"].value == 10.0
    assert found["recorder"].value == 25.0
    assert "lost 5 of images/wrist" in found["recorder"].detail
    assert found["late periods"].value == 98.0


def test_before_the_first_step_no_rate_is_known() -> None:
    assert gauges_after([])["rate"].value is None
    assert not gauges_after([])["rate"].is_alarming
