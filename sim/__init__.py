"""Simulated robots, scripted experts and play behind the same interface as the arm."""
