"""For all tests: types and shapes are checked at every call, before anything is imported; so is drawing chosen.

Examples may take long, as the machine may be busy.
"""

import os
import random
import socket
from collections.abc import Iterator

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

from tests.checked_modules import checked_modules
from tests.programs import is_open, program

install_import_hook(checked_modules(), "beartype.beartype")

from sim import opengl  # noqa: E402

opengl.select_backend()

# A change is judged on examples that depend on the test alone; whoever runs the tests by hand draws new ones.
settings.register_profile("new examples", deadline=None)
settings.register_profile("same examples", deadline=None, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "new examples"))


# Type checks draw which item of a sequence they look at: the same one every time, another one in every test.
@pytest.fixture(autouse=True)
def _same_draws(request: pytest.FixtureRequest) -> None:
    random.seed(request.node.nodeid)


# One for the whole process, as rospy stays with the first that it met.
@pytest.fixture(scope="session")
def ros_master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A ROS master of our own on the loopback interface; this process talks to no other."""
    folder = tmp_path_factory.mktemp("ros")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    uri = f"http://127.0.0.1:{port}"
    settings = {"ROS_MASTER_URI": uri, "ROS_IP": "127.0.0.1", "ROS_HOME": str(folder), "ROS_LOG_DIR": str(folder)}
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        with program(["rosmaster", "--core", "-p", str(port)], lambda: is_open(port), "the ROS master"):
            yield uri
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
