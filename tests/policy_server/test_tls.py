"""Over TLS: the server's certificate is checked, and keys are asked for."""

import json
import signal
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from clam_robot.errors import PolicyRefused, PolicyUnavailable
from policy_server.api_keys import ApiKeys
from policy_server.client import RemotePolicy
from policy_server.probe import blank_observation
from policy_server.stream_client import StreamPolicy
from tests.leaving_client import say_goodbye
from tests.policy_server.waiting import until

LONG = 60.0


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """Who signs, and whom this machine believes."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return authority


def serve(own_server: Callable[..., Any], folder: Path, signed_by: trustme.CA, keys: ApiKeys | None = None) -> Any:  # noqa: ANN401
    certificate = signed_by.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(str(folder / "cert.pem"), append=True)
    told = {"tls_certificate": str(folder / "cert.pem"), "tls_key": str(folder / "key.pem")}
    if keys is not None:
        keys.write(folder / "keys.json")
        told["keys"] = str(folder / "keys.json")
    return own_server("--policy", "plain", "--config", json.dumps(told))


def test_both_clients_speak_tls_with_a_key(
    own_server: Callable[..., Any], tmp_path: Path, authority: trustme.CA
) -> None:
    keys, secret = ApiKeys().with_new("robot-1", ["infer"])
    url = serve(own_server, tmp_path, authority, keys).url
    assert url.startswith("wss://")
    with RemotePolicy(url, timeout_s=LONG, connect_timeout_s=LONG, api_key=secret) as policy:
        assert policy.infer(blank_observation(policy.spec)).actions.shape == (4, 3)
    with StreamPolicy(url, timeout_s=LONG, connect_timeout_s=LONG, api_key=secret) as streaming:
        streaming.submit(blank_observation(streaming.spec))
        until(lambda: streaming.poll() is not None)
    with pytest.raises(PolicyRefused, match="expected a key of this server"):
        RemotePolicy(url, connect_timeout_s=LONG, api_key="another").connect()


def test_a_certificate_of_nobody_known_is_refused(
    own_server: Callable[..., Any], tmp_path: Path, authority: trustme.CA
) -> None:
    url = serve(own_server, tmp_path, trustme.CA()).url
    for policy in (RemotePolicy(url, connect_timeout_s=LONG, max_reconnects=0), StreamPolicy(url)):
        with pytest.raises(PolicyRefused, match=r"certificate is not trusted \(.*\); .* SSL_CERT_FILE=cert.pem"):
            policy.connect()


def test_it_ends_beside_a_client_who_is_leaving(
    own_server: Callable[..., Any], tmp_path: Path, authority: trustme.CA
) -> None:
    server = serve(own_server, tmp_path, authority)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    with say_goodbye(f"{server.url}/v1/stream", trust):
        server.send(signal.SIGTERM)
        assert server.wait() == 0
    assert server.stderr == ""


def test_a_server_that_greets_over_tls_and_then_hangs_is_given_up(tmp_path: Path, authority: trustme.CA) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    accepted: list[ssl.SSLSocket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        greeting = threading.Thread(
            target=lambda: accepted.append(context.wrap_socket(listener.accept()[0], server_side=True))
        )
        greeting.start()
        policy = RemotePolicy(f"wss://127.0.0.1:{listener.getsockname()[1]}", connect_timeout_s=5.0, max_reconnects=0)
        with pytest.raises(PolicyUnavailable, match="no answer within 5 s"):
            policy.connect()
        greeting.join()
        accepted[0].close()
