"""The crank between the gripper's servo and its fingers: angle to distance and torque to force."""

from clam_robot.hardware import wx250s

_STEP = 1e-4
# A little inside of where the crank's geometry ends; the fingers' stops keep well within.
_LOW, _HIGH = 0.0115, 0.0375


def crank_angle(finger: float) -> float:
    """Angle of the servo [rad] for a finger distance [m], the nearest the crank can take."""
    return wx250s.gripper_angle(max(_LOW, min(_HIGH, finger)))


def crank_slope(angle: float) -> float:
    """How far each finger moves per angle of the servo [m/rad]."""
    ahead, behind = wx250s.finger_position(angle + _STEP), wx250s.finger_position(angle - _STEP)
    return (ahead - behind) / (2.0 * _STEP)
