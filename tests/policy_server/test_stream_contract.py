"""The streaming client keeps the contract of policies that nobody waits for, against a server process."""

from collections.abc import Callable
from typing import Any

import pytest

from clam_robot.interfaces import AsyncPolicy
from clam_robot.testing.contracts import AsyncPolicyContract
from policy_server.stream_client import StreamPolicy


class TestStreamPolicy(AsyncPolicyContract):
    policy_name = "plain"
    jpeg_quality: int | None = None

    @pytest.fixture(autouse=True)
    def _serve(self, server: Callable[..., Any]) -> None:
        self.url = server(self.policy_name).url

    def make_policy(self) -> AsyncPolicy:
        policy = StreamPolicy(self.url, jpeg_quality=self.jpeg_quality, timeout_s=60.0, connect_timeout_s=60.0)
        policy.connect()
        return policy


class TestStreamPolicyWithCameras(TestStreamPolicy):
    policy_name = "two-cameras"


class TestStreamPolicyWithJpeg(TestStreamPolicy):
    policy_name = "two-cameras"
    jpeg_quality = 90
