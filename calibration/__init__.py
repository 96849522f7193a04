"""Procedures that find out where cameras and joints really are, and say when they cannot."""
