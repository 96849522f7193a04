"""Notices that a camera shows nothing of use: the same picture again and again, darkness, glare."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from clam_robot import config
from clam_robot.errors import ConfigError

FROZEN = "frozen"
DARK = "dark"
OVEREXPOSED = "overexposed"
# Every so many pixels, each way, are looked at: 80 x 60 of 640 x 480.
_STRIDE = 8
_WHITE = 250


@dataclass(frozen=True, kw_only=True)
class HealthConfig(config.Strict):
    """When a camera's pictures are worth a warning.

    Attributes:
        frozen_after: of the very same picture [s]; None for sources that may stand still, as drawn ones do. A sensor's
            noise makes every real picture another.
        dark_below: mean of all pixels [0 .. 255].
        overexposed_above: part of the pixels that are white [0 .. 1].
        after: of dark or overexposed pictures until it is told, and of good ones until it is taken back [s].
    """

    frozen_after: float | None = 1.0
    dark_below: float = 8.0
    overexposed_above: float = 0.5
    after: float = 1.0

    def __post_init__(self) -> None:
        if self.frozen_after is not None and not self.frozen_after > 0:
            raise ConfigError(f"frozen_after: expected seconds above 0, found {self.frozen_after}")
        if not 0 <= self.dark_below <= 255:
            raise ConfigError(f"dark_below: expected 0 to 255, found {self.dark_below}")
        if not 0 < self.overexposed_above <= 1:
            raise ConfigError(f"overexposed_above: expected more than 0 and at most 1, found {self.overexposed_above}")
        if not self.after >= 0:
            raise ConfigError(f"after: expected 0 s or more, found {self.after}")


class Lasting:
    """A condition that counts once it has lasted, and until its contrary has.

    Args:
        rise: how long it must be so [s].
        fall: how long it must not be so [s].
    """

    def __init__(self, *, rise: float, fall: float) -> None:
        self._rise, self._fall = rise, fall
        self._changing_since: float | None = None
        self.is_on = False

    def update(self, is_so: bool, time: float) -> bool:
        """Whether it counts, now that it is so or not at `time` [s]."""
        if is_so == self.is_on:
            self._changing_since = None
        else:
            if self._changing_since is None:
                self._changing_since = time
            if time - self._changing_since >= (self._rise if is_so else self._fall):
                self.is_on, self._changing_since = is_so, None
        return self.is_on


class PictureHealth:
    """Looks at every frame of one camera; a third of a millisecond at most for 640 x 480."""

    def __init__(self, setup: HealthConfig) -> None:
        self._setup = setup
        self._frozen = Lasting(rise=setup.frozen_after or 0.0, fall=0.0)
        self._dark = Lasting(rise=setup.after, fall=setup.after)
        self._overexposed = Lasting(rise=setup.after, fall=setup.after)
        self._last: UInt8[np.ndarray, "H W 3"] | None = None

    def look_at(self, image: UInt8[np.ndarray, "H W 3"], time: float) -> dict[str, str]:
        """What is wrong, by name, each with what was seen; empty where nothing is.

        Args:
            image: the newest; kept until the next, so it must not be changed.
            time: of its capture [s].
        """
        setup = self._setup
        sample = image[::_STRIDE, ::_STRIDE]
        mean = float(sample.mean())
        white = float((sample >= _WHITE).all(axis=2).mean())
        found = dict[str, str]()
        is_same = setup.frozen_after is not None and self._is_same(image)
        if self._frozen.update(is_same, time):
            found[FROZEN] = f"the very same picture for more than {setup.frozen_after:g} s; unplug it and plug it in"
        if self._dark.update(mean < setup.dark_below, time):
            found[DARK] = f"mean brightness {mean:.0f} of 255; is the lens covered, the light off, the exposure short?"
        if self._overexposed.update(white > setup.overexposed_above, time):
            found[OVEREXPOSED] = f"{white:.0%} of the picture is white; shorten the exposure or dim the light"
        self._last = image
        return found

    def _is_same(self, image: UInt8[np.ndarray, "H W 3"]) -> bool:
        last = self._last
        if last is None or last.shape != image.shape:
            return False
        # Nearly always the sample differs already, and costs a sixtieth.
        return np.array_equal(image[::_STRIDE, ::_STRIDE], last[::_STRIDE, ::_STRIDE]) and np.array_equal(image, last)
