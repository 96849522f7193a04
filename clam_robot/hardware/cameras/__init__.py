"""Cameras: each behind one protocol, read by a thread of its own, with capture times in the robot's clock."""
