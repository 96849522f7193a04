"""The servo-bus twin of the WidowX 250s: nine emulated Dynamixel servos on a serial bus, moved by MuJoCo.

a real driver ── pseudo-terminal ── EmulatedBus ── EmulatedServo x 9 ── ArmPhysics ── MuJoCo scene
                                                                        |
SimulatedDriver (in process, manual clock) ─────────────────────────────┘
TwinClient ──────────── loopback TCP ── resets, faults, pictures, and the truth no servo tells
"""

from sim import opengl

opengl.select_backend()  # before the first import of MuJoCo
