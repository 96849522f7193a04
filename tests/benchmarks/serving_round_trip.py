"""What serving adds to inference: round trips to a server in another process, beside a server like openpi's.

    .venv/bin/python tests/benchmarks/serving_round_trip.py [--num-requests 1000] [--openpi-source openpi/src]

The policy answers at once. openpi's unmodified client asks both servers, in turns within the same seconds, so that a
busy machine is fair to both; the project's own client asks the project's server. Then `/healthz` is asked while an
inference of 300 ms runs.
"""

import argparse
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(sys.prefix) / "interop"))

from openpi_client.websocket_client_policy import WebsocketClientPolicy

from policy_server.client import RemotePolicy
from policy_server.probe import blank_observation
from policy_server.protocol import encode_observation

HERE = Path(__file__).parent
FAKE_SERVER = HERE.parent / "policy_server" / "fake_server.py"
PAYLOADS = {"state only": "plain", "two 224x224": "two-cameras-224", "three 640x480": "three-cameras-480"}
NUM_WARM_UP = 50
TURN = 50  # requests of one client before the next one's turn


@dataclass
class Asker:
    """One client of one server."""

    name: str
    ask: Callable[[], object]
    milliseconds: list[float] = field(default_factory=list)

    def take_turn(self, number: int, *, keep: bool = True) -> None:
        for _ in range(number):
            begun = time.perf_counter()
            self.ask()
            if keep:
                self.milliseconds.append(1e3 * (time.perf_counter() - begun))


@contextmanager
def process(script: Path, *options: str) -> Iterator[str]:
    """The address of a server that runs until the block is left."""
    with subprocess.Popen([sys.executable, str(script), *options], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def openpi_client(url: str) -> WebsocketClientPolicy:
    host, _, port = url.removeprefix("ws://").rpartition(":")
    return WebsocketClientPolicy(host=host, port=int(port))


def round_trips(policy: str, num_requests: int, peer_options: tuple[str, ...]) -> list[Asker]:
    with ExitStack() as stack:
        ours = stack.enter_context(process(FAKE_SERVER, "--policy", policy))
        peers = stack.enter_context(process(HERE / "openpi_peer.py", *peer_options))
        own = stack.enter_context(RemotePolicy(ours, timeout_s=30.0))
        observation = blank_observation(own.spec)
        request = encode_observation(observation, own.spec)
        times = iter(range(1, 10**9))
        to_ours, to_peer = openpi_client(ours), openpi_client(peers)
        askers = [
            Asker("like openpi's server, openpi's client", lambda: to_peer.infer(request)),
            Asker("this server, openpi's client", lambda: to_ours.infer(request)),
            Asker("this server, own client", lambda: own.infer(replace(observation, time=float(next(times))))),
        ]
        for asker in askers:
            asker.take_turn(NUM_WARM_UP, keep=False)
        for _ in range(num_requests // TURN):
            for asker in askers:
                asker.take_turn(TURN)
        return askers


def health_while_busy(url: str, ask: Callable[[], object]) -> list[float]:
    """Milliseconds of `/healthz` while inferences of 300 ms follow one another."""
    ends = threading.Event()

    def keep_busy() -> None:
        while not ends.is_set():
            ask()

    busy = threading.Thread(target=keep_busy)
    busy.start()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    found = []
    for _ in range(30):
        time.sleep(0.05)
        begun = time.perf_counter()
        opener.open(url.replace("ws:", "http:", 1) + "/healthz").read()
        found.append(1e3 * (time.perf_counter() - begun))
    ends.set()
    busy.join()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num-requests", type=int, default=1000)
    parser.add_argument("--openpi-source", type=Path)
    given = parser.parse_args()
    peer_options = () if given.openpi_source is None else ("--source", str(given.openpi_source))
    print(f"{'payload':15} {'':38} {'p50':>7} {'p95':>7} {'p99':>7} {'max':>7} {'p50 ratio':>10}  [ms]")
    for payload, policy in PAYLOADS.items():
        askers = round_trips(policy, given.num_requests, peer_options)
        reference = np.median(askers[0].milliseconds)
        for asker in askers:
            p50, p95, p99, worst = np.percentile(asker.milliseconds, [50, 95, 99, 100])
            print(f"{payload:15} {asker.name:38} {p50:7.2f} {p95:7.2f} {p99:7.2f} {worst:7.2f} {p50 / reference:10.2f}")
    with ExitStack() as stack:
        ours = stack.enter_context(process(FAKE_SERVER, "--policy", "slow"))
        peers = stack.enter_context(process(HERE / "openpi_peer.py", "--delay", "0.3", *peer_options))
        request = {"observation/state": np.zeros(6, np.float32)}
        for name, url in (("like openpi's server", peers), ("this server", ours)):
            client = openpi_client(url)
            found = health_while_busy(url, lambda client=client: client.infer(request))
            middle, worst = np.median(found), max(found)
            print(f"/healthz during inferences of 300 ms, {name}: median {middle:.1f}, worst {worst:.1f} ms")


if __name__ == "__main__":
    main()
