"""Pictures that show nothing are noticed, by name, once it lasts, and taken back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_robot.errors import ConfigError
from clam_robot.hardware.cameras.picture_health import HealthConfig, Lasting, PictureHealth

FPS = 30.0
RNG = np.random.default_rng(0)


def noise(low: int = 60, high: int = 180) -> np.ndarray:
    return RNG.integers(low, high, (48, 64, 3), dtype=np.uint8)


def found(health: PictureHealth, images: list[np.ndarray], start: float = 0.0) -> list[set[str]]:
    return [set(health.look_at(image, start + k / FPS)) for k, image in enumerate(images)]


def test_good_pictures_have_no_fault() -> None:
    assert found(PictureHealth(HealthConfig()), [noise() for _ in range(120)]) == [set()] * 120


@pytest.mark.parametrize(
    ("name", "bad"),
    [("dark", (0, 5)), ("overexposed", (251, 256))],
)
def test_darkness_and_glare_are_noticed_after_a_second_and_cleared_after_one(name: str, bad: tuple[int, int]) -> None:
    health = PictureHealth(HealthConfig())
    seen = found(health, [noise(*bad) for _ in range(60)])
    assert seen[:29] == [set()] * 29
    assert seen[32:] == [{name}] * 28
    cleared = found(health, [noise() for _ in range(60)], start=2.0)
    assert cleared[:29] == [{name}] * 29
    assert cleared[32:] == [set()] * 28


def test_a_frozen_picture_is_noticed_and_cleared_by_the_first_other() -> None:
    health = PictureHealth(HealthConfig())
    still = noise()
    seen = found(health, [still.copy() for _ in range(60)])
    assert seen[:30] == [set()] * 30
    assert seen[33:] == [{"frozen"}] * 27
    assert health.look_at(noise(), 2.0) == {}


def test_a_picture_that_changes_between_the_sampled_pixels_is_not_frozen() -> None:
    health = PictureHealth(HealthConfig())
    images = [np.full((48, 64, 3), 100, np.uint8) for _ in range(90)]
    for k, image in enumerate(images):
        image[3, 5, 1] = k
    assert found(health, images) == [set()] * 90


def test_a_drawn_scene_may_stand_still() -> None:
    health = PictureHealth(HealthConfig(frozen_after=None))
    assert found(health, [np.full((48, 64, 3), 100, np.uint8)] * 90) == [set()] * 90


@given(
    changes=st.lists(st.tuples(st.booleans(), st.floats(0.01, 3.0)), max_size=40),
    rise=st.floats(0.0, 2.0),
    fall=st.floats(0.0, 2.0),
)
def test_a_condition_counts_only_after_it_has_lasted(
    changes: list[tuple[bool, float]], rise: float, fall: float
) -> None:
    lasting, time, since, state = Lasting(rise=rise, fall=fall), 0.0, 0.0, False
    last: bool | None = None
    for is_so, wait in changes:
        time += wait
        if is_so != last:
            since, last = time, is_so
        before = state
        state = lasting.update(is_so, time)
        if state != before:
            assert state == is_so
            assert time - since >= (rise if is_so else fall)
        elif is_so != state:
            assert time - since < (rise if is_so else fall)


@pytest.mark.parametrize(
    "wrong", [{"frozen_after": 0.0}, {"dark_below": 300.0}, {"overexposed_above": 0.0}, {"after": -1.0}]
)
def test_thresholds_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        HealthConfig(**wrong)
