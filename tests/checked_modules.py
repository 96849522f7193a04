"""Which modules have their types and shapes checked at every call in tests."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("calibration", "clam_robot", "policy_server", "sim", "teleop")
# The servos' inside: numbers without shapes, passed on so often in every step of the physics that checking them again
# takes two fifths of the time of a test that moves the arm for long.
UNCHECKED = frozenset(
    f"sim.widowx.{name}"
    for name in ("bus", "faults", "memory", "motion_control", "motor", "packet", "profile", "regulator", "servo")
)


def checked_modules() -> list[str]:
    """By name; packages themselves hold nothing, and would stand for all that is in them."""
    paths = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if path.name != "__init__.py")
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths}
    return sorted(names - UNCHECKED)
