"""A person at the robot: devices that drive it, and what stops it and clears the stop."""
