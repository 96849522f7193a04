"""The client openpi publishes, unmodified, against this server."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

INTEROP = Path(sys.prefix) / "interop"
CALLER = Path(__file__).with_name("openpi_caller.py")


@pytest.mark.skipif(not (INTEROP / "openpi_client").is_dir(), reason="openpi-client is not installed: make setup")
def test_the_unmodified_openpi_client_gets_actions_and_hears_errors(server: Callable[..., Any]) -> None:
    proxyless = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    caller = subprocess.run(
        [sys.executable, str(CALLER), server("two-cameras").port],
        env=proxyless | {"PYTHONPATH": str(INTEROP)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert caller.returncode == 0, caller.stderr
    report = json.loads(caller.stdout)
    assert report["metadata"]["policy"] == "two-cameras"
    assert report["metadata"]["robot"]["action"]["names"] == ["vx", "vy", "vz"]
    assert report["actions"] == [[1.0, 1.0, 1.0]] * 10
    assert report["dtype"] == "float32"
    assert report["policy_timing"]["infer_ms"] >= 0
    assert set(report["timing"][0]) == {"infer_ms"}
    assert set(report["timing"][1]) == {"infer_ms", "prev_total_ms"}
    assert report["error"].startswith("Error in inference server:\nobservation/state: expected (6,)")
