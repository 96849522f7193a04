"""Asks the ROS master who is there, with a limit on every wait. The master speaks XML-RPC: no ROS package is needed."""

import http.client
import os
import socket
import xmlrpc.client
from typing import Any
from urllib.parse import urlparse

from clam_robot.errors import NodeUnavailable

DEFAULT_URI = "http://localhost:11311"
_CALLER = "/clam_robot"
_SUCCESS = 1


class _Transport(xmlrpc.client.Transport):
    def __init__(self, timeout: float) -> None:
        super().__init__()
        self._timeout = timeout

    def make_connection(self, host: Any) -> http.client.HTTPConnection:  # noqa: ANN401
        connection = super().make_connection(host)
        connection.timeout = self._timeout
        return connection


class RosMaster:
    """The master that ROS_MASTER_URI names.

    Args:
        uri: of the master; by default as ROS has it.
        timeout: longest wait for an answer [s].
    """

    def __init__(self, uri: str | None = None, *, timeout: float = 1.0) -> None:
        self.uri = uri or os.environ.get("ROS_MASTER_URI") or DEFAULT_URI
        self._timeout = timeout

    def require(self) -> None:
        """Check that it answers.

        Raises:
            NodeUnavailable: it does not.
        """
        self._ask(self.uri, "getPid")

    def publishers(self, topic: str) -> list[str]:
        """Names of live nodes that publish a topic.

        Raises:
            NodeUnavailable: no master.
        """
        return self._live(dict(self._state()[0]).get(topic, []))

    def subscribers(self, topic: str) -> list[str]:
        """Names of live nodes that subscribe to a topic.

        Raises:
            NodeUnavailable: no master.
        """
        return self._live(dict(self._state()[1]).get(topic, []))

    def provider(self, service: str) -> str | None:
        """Name of the live node that offers a service, None when there is none.

        Raises:
            NodeUnavailable: no master.
        """
        return next(iter(self._live(dict(self._state()[2]).get(service, []))), None)

    def _state(self) -> Any:  # noqa: ANN401
        return self._ask(self.uri, "getSystemState")

    def _live(self, nodes: list[str]) -> list[str]:
        """The master remembers nodes that were killed; only those that answer count."""
        return [node for node in nodes if self._is_alive(node)]

    def _is_alive(self, node: str) -> bool:
        try:
            self._ask(self._ask(self.uri, "lookupNode", node), "getPid")
        except NodeUnavailable:
            return False
        return True

    def _ask(self, uri: str, what: str, *arguments: str) -> Any:  # noqa: ANN401
        try:
            if urlparse(uri).scheme not in ("http", "https"):
                raise ValueError(f"{uri!r} is no address")
            with xmlrpc.client.ServerProxy(uri, transport=_Transport(self._timeout)) as server:
                answer: Any = getattr(server, what)(_CALLER, *arguments)
            status, message, value = answer
        except (OSError, ValueError, TypeError, http.client.HTTPException, xmlrpc.client.Error) as error:
            reason = "no answer in time" if isinstance(error, socket.timeout) else error
            raise NodeUnavailable(
                f"no ROS master on {self.uri} ({reason}); start one with `rosmaster --core`, or set ROS_MASTER_URI"
            ) from None
        if status != _SUCCESS:
            raise NodeUnavailable(f"the ROS master on {self.uri} says: {message}")
        return value
