"""For all tests: examples may take long, as the machine may be busy."""

from hypothesis import settings

settings.register_profile("busy", deadline=None)
settings.load_profile("busy")
