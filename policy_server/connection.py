"""The client's end of one WebSocket, every wait of it limited."""

import json
import socket
import ssl
import struct
from contextlib import ExitStack, suppress

from websockets.client import process_exception
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from clam_robot.errors import PolicyRefused, PolicyUnavailable
from policy_server.line import Line

MAX_REPLY_BYTES = 64 * 2**20
# A server that hangs does not say goodbye either, and the caller has a robot to hold.
CLOSE_TIMEOUT = 0.2

_TOO_BIG = 1009


class Connection:
    """An open WebSocket to a policy server.

    A reply belongs to the request before it, so after a timeout the connection is of no more use: close it, or the
    late reply would be taken for the next one.

    Attributes:
        metadata: the first frame, as the server sent it.
    """

    def __init__(self, url: str, *, connect_timeout: float, timeout: float, api_key: str | None = None) -> None:
        """Connect, and wait for the server's first frame.

        Args:
            url: ws:// or wss:// address.
            connect_timeout: longest wait for all of it [s].
            timeout: longest wait for a reply later on [s].
            api_key: for a server that wants one.

        Raises:
            OSError: nothing listens there, what listens is going away, or the address does not exist.
            PolicyUnavailable: something listens and is silent.
            PolicyRefused: something answers that is no policy server, that wants another key, or with an error.
        """
        self._url = url
        self._timeout = timeout
        with ExitStack() as opening:
            try:
                line = Line(url, connect_timeout)
                opening.callback(line.close)
                with line.cut_after(connect_timeout + CLOSE_TIMEOUT):
                    context = connect(
                        url,
                        sock=line.socket,
                        compression=None,
                        max_size=MAX_REPLY_BYTES,
                        open_timeout=connect_timeout,
                        close_timeout=CLOSE_TIMEOUT,
                        ping_interval=None,
                        proxy=None,
                        additional_headers=authorization(api_key),
                    )
                hurried = opening.enter_context(ExitStack())  # left after what follows is closed
                self._socket: ClientConnection = opening.enter_context(context)
            except TimeoutError:
                raise PolicyUnavailable(f"policy server {url}: no answer within {connect_timeout:g} s") from None
            except (WebSocketException, ssl.SSLError) as error:
                raise explained(error, url) from error
            opening.callback(lambda: hurried.enter_context(line.cut_after(2 * CLOSE_TIMEOUT)))
            _limit_sending(self._socket.socket, timeout)
            self.metadata = self._receive(connect_timeout)
            self._stack = opening.pop_all()

    def exchange(self, frame: bytes) -> bytes:
        """Send a request and wait for its reply.

        Raises:
            ConnectionError: the server closed the connection.
            PolicyUnavailable: no reply in time.
            PolicyRefused: the reply is an error.
        """
        try:
            self._socket.send(frame)
        except ConnectionClosed as closed:
            if isinstance(closed.__cause__, BlockingIOError):
                raise PolicyUnavailable(
                    f"policy server {self._url}: took no request within {self._timeout:g} s"
                ) from None
            raise self._lost(closed) from closed
        return self._receive(self._timeout)

    def close(self) -> None:
        """Close it; a server that hangs is not waited for."""
        self._stack.close()

    def _receive(self, timeout: float) -> bytes:
        try:
            reply = self._socket.recv(timeout)
        except TimeoutError:
            raise PolicyUnavailable(f"policy server {self._url}: no answer within {timeout:g} s") from None
        except ConnectionClosed as closed:
            raise self._lost(closed) from closed
        if isinstance(reply, str):
            raise PolicyRefused(f"policy server {self._url}: {reply}")
        return reply

    def _lost(self, closed: ConnectionClosed) -> Exception:
        if closed.rcvd is not None and closed.rcvd.code == _TOO_BIG:
            return PolicyRefused(f"policy server {self._url}: the request is larger than it reads; send smaller images")
        return ConnectionResetError(f"the connection was closed ({closed})")


def authorization(api_key: str | None) -> dict[str, str]:
    """The header of a key."""
    return {} if api_key is None else {"Authorization": f"Api-Key {api_key}"}


def explained(error: WebSocketException | ssl.SSLError, url: str) -> Exception:
    """Why a connection was not opened: an OSError where trying again may help, else PolicyRefused."""
    words = str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return PolicyRefused(
            f"policy server {url}: its certificate is not trusted ({error.verify_message}); name the file of the "
            "certificate, or of who signed it, in the environment: SSL_CERT_FILE=cert.pem"
        )
    if isinstance(error, ssl.SSLError):
        hint = " (a server without TLS is asked with ws://)" if error.reason == "WRONG_VERSION_NUMBER" else ""
        return ConnectionResetError(f"{words}{hint}")
    if isinstance(error, InvalidMessage) and url.startswith("ws:"):
        words += "; a server with TLS is asked with wss://"
    if isinstance(error, InvalidStatus):
        with suppress(ValueError, TypeError, KeyError, AttributeError):  # other servers answer in other ways
            words = str(json.loads(error.response.body or b"")["error"]["message"])
    if isinstance(error, ConnectionClosed) or process_exception(error) is None:
        return ConnectionResetError(f"the connection was closed while it was opened ({words})")
    if words == str(error):
        return PolicyRefused(f"policy server {url}: expected a WebSocket, found: {words}")
    return PolicyRefused(f"policy server {url}: {words}")


def _limit_sending(sock: socket.socket, timeout: float) -> None:
    """A peer that stops reading blocks a large send for ever, unless the kernel is told otherwise."""
    seconds, fraction = divmod(timeout, 1.0)
    limit = struct.pack("ll", int(seconds), int(fraction * 1e6))
    # A server that greets and hangs up may have closed the socket by now; its words are still to be read.
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
