"""For all tests: examples may take long, as the machine may be busy; drawing is chosen before MuJoCo is imported."""

from hypothesis import settings

from sim import opengl

opengl.select_backend()

settings.register_profile("busy", deadline=None)
settings.load_profile("busy")
