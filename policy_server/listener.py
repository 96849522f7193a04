"""The socket a server listens on, taken before any slow work so that a busy port is known at once."""

import contextlib
import errno
import socket

from clam_robot.errors import PortInUse, ServerError
from policy_server.config import ServerConfig
from policy_server.server_files import require_files

BACKLOG = 128


def listen(config: ServerConfig) -> socket.socket:
    """Take the address. Clients that come before the server is ready wait.

    Raises:
        PortInUse: another process listens there.
        ServerError: others than this machine could reach it and there are no keys, the address cannot be had, or a
            file cannot be used.
        ConfigError: the file of keys is none.
    """
    if not config.is_loopback and config.keys is None:
        raise ServerError(
            f"refusing to listen on {config.host} without keys: whoever reaches the server could use it; make one with "
            "`clam keys add NAME` and give its file with --keys, or listen on 127.0.0.1 and reach it through a tunnel "
            "(ssh -L 8000:127.0.0.1:8000 gpu-box)"
        )
    require_files(config)
    where = f"port {config.port} on {config.host}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM)[0]
        with contextlib.ExitStack() as opening:
            listener = opening.enter_context(socket.socket(family, kind, protocol))
            # A server that was stopped a moment ago leaves connections behind that do not matter.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Closing waits for what a client does not read; the connections that are accepted inherit this limit of it.
            unread = int(1e3 * config.send_timeout)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, max(unread, 1))
            listener.bind(address)
            listener.listen(BACKLOG)
            opening.pop_all()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(f"{where} is taken by another process; stop it or choose another with --port") from None
        raise ServerError(
            f"cannot listen on {where}: {error.strerror}; choose another with --host or --port"
        ) from error
    return listener
