"""The peer of `serving_round_trip.py`: a policy server of the parts that openpi's own is made of.

A `websockets` server with openpi's own msgpack module, whose inference runs in the event loop. openpi's server is in no
package on PyPI; `--source FOLDER` takes the genuine one from a checkout (its `src` folder).

    python openpi_peer.py [--source openpi/src] [--delay 0.3]
"""

import argparse
import asyncio
import http
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(sys.prefix) / "interop"))

from openpi_client import msgpack_numpy
from websockets.asyncio.server import Request, Response, ServerConnection, serve

HORIZON, NUM_ACTIONS = 10, 3


class NoOpPolicy:
    """Answers at once, or after a while."""

    def __init__(self, delay: float) -> None:
        self.delay = delay

    def infer(self, observation: dict[str, object]) -> dict[str, object]:
        if self.delay:
            time.sleep(self.delay)
        return {"actions": np.zeros((HORIZON, NUM_ACTIONS), np.float32)}


async def serve_like_openpi(policy: NoOpPolicy) -> None:
    packer = msgpack_numpy.Packer()

    async def converse(socket: ServerConnection) -> None:
        await socket.send(packer.pack({}))
        previous = None
        async for frame in socket:
            begun = time.monotonic()
            answer = policy.infer(msgpack_numpy.unpackb(frame))
            answer["server_timing"] = {"infer_ms": 1e3 * (time.monotonic() - begun)} | (
                {} if previous is None else {"prev_total_ms": previous}
            )
            await socket.send(packer.pack(answer))
            previous = 1e3 * (time.monotonic() - begun)

    def health(connection: ServerConnection, request: Request) -> Response | None:
        return connection.respond(http.HTTPStatus.OK, "OK\n") if request.path == "/healthz" else None

    async with serve(converse, "127.0.0.1", 0, compression=None, max_size=None, process_request=health) as server:
        print(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--source", type=Path)
    given = parser.parse_args()
    policy = NoOpPolicy(given.delay)
    if given.source is None:
        asyncio.run(serve_like_openpi(policy))
        return
    sys.path.insert(0, str(given.source))
    import socket

    from openpi.serving.websocket_policy_server import WebsocketPolicyServer

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    print(f"ws://127.0.0.1:{port}", flush=True)
    WebsocketPolicyServer(policy, host="127.0.0.1", port=port).serve_forever()


if __name__ == "__main__":
    main()
