"""Small requests are read at once, large ones beside the event loop."""

import asyncio
import threading

import numpy as np
import pytest

from clam_robot.specs import CameraSpec
from clam_robot.testing.fakes import fake_spec
from policy_server.decoding import SMALL, Decoders
from policy_server.packing import MalformedMessage, pack

PATIENCE = 60.0


@pytest.mark.parametrize(
    ("size", "is_compressed", "is_beside"),
    [(SMALL, False, False), (SMALL + 1, False, True), (SMALL // 16, True, False), (SMALL // 16 + 1, True, True)],
)
def test_only_what_is_large_goes_to_a_thread(size: int, is_compressed: bool, is_beside: bool) -> None:
    decoders = Decoders()
    reader = asyncio.run(decoders.run(threading.get_ident, size, is_compressed=is_compressed))
    assert (reader != threading.get_ident()) == is_beside
    decoders.stop()


def test_the_event_loop_goes_on_while_something_large_is_read() -> None:
    go, decoders = threading.Event(), Decoders()

    async def run() -> bool:
        reading = asyncio.ensure_future(decoders.run(lambda: go.wait(PATIENCE), SMALL + 1))
        await asyncio.sleep(0)
        go.set()  # by the loop, which therefore did not wait
        return await reading

    assert asyncio.run(run())
    decoders.stop()


def test_a_large_frame_is_read_or_refused_as_a_small_one_is() -> None:
    spec = fake_spec({"front": CameraSpec(height=300, width=400)})
    image = np.arange(300 * 400 * 3, dtype=np.uint32).astype(np.uint8).reshape(300, 400, 3)
    state = np.arange(6, dtype=np.float32)
    frame = pack({"observation/state": state, "observation/image": image, "reset": True})
    assert len(frame) > SMALL
    decoders = Decoders()
    request = asyncio.run(decoders.read(frame, spec))
    assert request.reset
    np.testing.assert_array_equal(request.observation.images["front"], image)
    np.testing.assert_array_equal(request.observation.state, state)
    with pytest.raises(MalformedMessage, match="expected one msgpack value"):
        asyncio.run(decoders.read(frame[:-1], spec))
    decoders.stop()
