"""Round trip of an observation to a policy server in another process and of its actions back.

    .venv/bin/python tests/benchmarks/serving_round_trip.py [--num-requests 1000]

The policy itself costs next to nothing, so this is what serving adds to inference.
"""

import argparse
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from policy_server.client import RemotePolicy
from policy_server.probe import blank_observation

FAKE_SERVER = Path(__file__).parents[1] / "policy_server" / "fake_server.py"
PAYLOADS = {"state only": "plain", "two 224x224 images": "two-cameras-224"}
NUM_WARM_UP = 50


def round_trips(policy_name: str, num_requests: int) -> tuple[np.ndarray, np.ndarray]:
    """Milliseconds of each request as the client sees it, and the part spent in the server."""
    command = [sys.executable, str(FAKE_SERVER), "--policy", policy_name]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    totals, in_server = [], []
    try:
        with RemotePolicy(server.stdout.readline().strip(), timeout_s=30.0) as policy:
            observation = blank_observation(policy.spec)
            for k in range(NUM_WARM_UP + num_requests):
                begun = time.perf_counter()
                policy.infer(replace(observation, time=float(k)))
                totals.append(1e3 * (time.perf_counter() - begun))
                assert policy.timing is not None
                in_server.append(policy.timing.server_ms)
    finally:
        server.terminate()
        server.wait()
    return np.array(totals[NUM_WARM_UP:]), np.array(in_server[NUM_WARM_UP:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num-requests", type=int, default=1000)
    num_requests = parser.parse_args().num_requests
    print(f"{'payload':22} {'p50':>7} {'p95':>7} {'p99':>7} {'max':>7} {'server p50':>11}  [ms]")
    for payload, policy_name in PAYLOADS.items():
        totals, in_server = round_trips(policy_name, num_requests)
        p50, p95, p99 = np.percentile(totals, [50, 95, 99])
        print(f"{payload:22} {p50:7.2f} {p95:7.2f} {p99:7.2f} {totals.max():7.2f} {np.median(in_server):11.2f}")


if __name__ == "__main__":
    main()
