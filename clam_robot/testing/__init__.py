"""Fakes and contract suites, for tests and for whoever adds a robot or a policy."""
