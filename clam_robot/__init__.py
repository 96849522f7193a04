"""Teach a robot arm from unlabelled demonstrations and a little play data."""

__version__ = "0.1.0"
