"""What a robot costs a policy server, by the number of robots that ask it at once, with and without batching.

    .venv/bin/python tests/benchmarks/serving_many_robots.py [--seconds 5] [--checkpoint DIR] [--preset ours]

Robots are WebSocket clients in one other process, each asking again as soon as it is answered, so that the server is
always busy. Weights are untrained unless a checkpoint is named; speed does not depend on them. CPU time per answer is
the server's own, and hardly depends on what else the machine does.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from inference_engines import header_of
from websockets.asyncio.client import connect

from clam_robot.models.checkpoint import build_actor, save_checkpoint
from policy_server.packing import pack, unpack
from policy_server.policy_info import PolicyInfo
from policy_server.probe import blank_observation
from policy_server.protocol import encode_observation

NUMBERS = (1, 4, 16)
TICK = os.sysconf("SC_CLK_TCK")


async def robot(url: str, ends: float, milliseconds: list[float]) -> None:
    """Ask until the end."""
    async with connect(url, compression=None, max_size=None, proxy=None) as socket:
        info = PolicyInfo.from_metadata(unpack(await socket.recv()), source="metadata")
        frame = pack(encode_observation(blank_observation(info.robot), info.robot))
        while (begun := time.perf_counter()) < ends:
            await socket.send(frame)
            await socket.recv()
            milliseconds.append(1e3 * (time.perf_counter() - begun))


async def robots(url: str, number: int, seconds: float) -> list[float]:
    milliseconds: list[float] = []
    ends = time.perf_counter() + seconds
    await asyncio.gather(*(robot(url, ends, milliseconds) for _ in range(number)))
    return milliseconds


def cpu_seconds(pid: int) -> float:
    """Of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def measure(checkpoint: Path, max_batch: int, engine: str, seconds: float) -> None:
    words = ["--checkpoint", str(checkpoint), "--port", "0", "--max-batch", str(max_batch), "--engine", engine]
    command = [sys.executable, "-m", "clam_robot.cli.main", "serve", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = next(word for word in server.stdout.readline().split() if word.startswith("ws://"))
        try:
            for number in NUMBERS:
                asyncio.run(robots(url, number, 0.5))
                before = cpu_seconds(server.pid)
                times = asyncio.run(robots(url, number, seconds))
                cpu = 1e3 * (cpu_seconds(server.pid) - before) / len(times)
                p50, p99 = np.percentile(times, [50, 99])
                rate = len(times) / seconds
                print(f"{engine:8} {max_batch:9} {number:6} {rate:10.0f} {p50:8.2f} {p99:8.2f} {cpu:11.3f}", flush=True)
        finally:
            server.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--preset", default="ours")
    parser.add_argument("--engines", nargs="+", default=["eager", "onnx"])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = given.checkpoint or Path(folder) / "checkpoint"
        if given.checkpoint is None:
            header = header_of(given.preset)
            save_checkpoint(checkpoint, build_actor(header), header)
        columns = (f"{'engine':8}", f"{'max batch':>9}", f"{'robots':>6}", f"{'answers/s':>10}")
        print(*columns, f"{'p50 ms':>8} {'p99 ms':>8} {'CPU ms each':>11}")
        for engine in given.engines:
            for max_batch in (1, 16):
                measure(checkpoint, max_batch, engine, given.seconds)


if __name__ == "__main__":
    main()
