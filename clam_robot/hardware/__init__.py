"""The real arm and everything that stands in for it at the level of joints."""
