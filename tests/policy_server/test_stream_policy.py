"""A policy that is never waited for, and servers that die, stall and lie."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.sync.server import ServerConnection, serve

from clam_robot.errors import ConfigError, InvalidVector, PolicyError, PolicyRefused, PolicyUnavailable
from clam_robot.testing.fakes import FakePolicy, fake_spec
from clam_robot.types import ActionChunk
from policy_server.config import ServerConfig
from policy_server.listener import listen
from policy_server.packing import pack, unpack
from policy_server.probe import blank_observation, probe
from policy_server.protocol import Timing
from policy_server.served_model import ModelSource, OneByOne
from policy_server.stream_client import StreamPolicy
from policy_server.stream_protocol import StreamReply, encode_reply, encode_welcome
from tests.policy_server.served import keys_in
from tests.policy_server.waiting import until

PATIENCE = 60.0
INFO = probe(ModelSource(policy="stub", group=OneByOne(FakePolicy)), ServerConfig(), model="default")
WELCOME = pack(encode_welcome(INFO))

Open = Callable[..., StreamPolicy]


@pytest.fixture
def open_policy() -> Iterator[Open]:
    """Stream policies that are closed in the end; patient with a busy machine, hasty to come back."""
    with ExitStack() as stack:

        def start(url: str, **options: Any) -> StreamPolicy:  # noqa: ANN401
            patience = {"timeout_s": PATIENCE, "connect_timeout_s": PATIENCE, "backoff_s": 0.01, "max_backoff_s": 0.05}
            policy = StreamPolicy(url, **(patience | options))
            stack.callback(policy.close)
            return policy

        yield start


def submit(policy: StreamPolicy, time: float, first: float = 0.0) -> None:
    observation = replace(blank_observation(policy.spec), time=time)
    observation.state[0] = first
    policy.submit(observation)


def answer(policy: StreamPolicy) -> ActionChunk:
    found: list[ActionChunk] = []

    def has_come() -> bool:
        if (chunk := policy.poll()) is not None:
            found.append(chunk)
        return bool(found)

    until(has_come)
    return found[0]


def failure(policy: StreamPolicy) -> PolicyError:
    found: list[PolicyError] = []

    def has_come() -> bool:
        try:
            policy.poll()
        except PolicyError as error:
            found.append(error)
        return bool(found)

    until(has_come)
    return found[0]


def recovered(policy: StreamPolicy, time: float) -> ActionChunk:
    """The answer to an observation of this time, which is submitted again and again as a loop does."""
    found: list[ActionChunk] = []

    def has_come() -> bool:
        submit(policy, time)
        try:
            chunk = policy.poll()
        except PolicyError:
            chunk = None
        if chunk is not None and chunk.observation_time == time:
            found.append(chunk)
        return bool(found)

    until(has_come)
    return found[0]


def count(chunk: ActionChunk) -> int:
    """How many observations the server's policy has seen in this episode."""
    assert chunk.latent_actions is not None
    return round(float(chunk.latent_actions[0, 0]))


def test_answers_come_by_themselves_and_once(server: Callable[..., Any], open_policy: Open) -> None:
    policy = open_policy(server("counting").url)
    policy.connect()
    assert policy.poll() is None
    submit(policy, 1.0)
    chunk = answer(policy)
    assert (chunk.observation_time, count(chunk)) == (1.0, 1)
    assert chunk.actions.flags.owndata
    assert policy.poll() is None
    assert policy.latency is not None
    assert policy.latency >= 0.0


def test_a_reset_begins_anew_and_drops_what_is_under_way(server: Callable[..., Any], open_policy: Open) -> None:
    policy = open_policy(server("counting").url)
    policy.connect()
    submit(policy, 1.0)
    assert count(answer(policy)) == 1
    submit(policy, 2.0)
    policy.reset()
    submit(policy, 3.0)
    chunk = answer(policy)
    assert (chunk.observation_time, count(chunk)) == (3.0, 1)


def test_nothing_is_known_and_nothing_sent_before_it_is_connected(open_policy: Open) -> None:
    policy = open_policy("ws://127.0.0.1:1")
    with pytest.raises(PolicyUnavailable, match="not connected; call connect"):
        _ = policy.spec
    with pytest.raises(PolicyUnavailable, match="not connected"):
        policy.submit(blank_observation(fake_spec()))


def test_an_observation_that_does_not_fit_is_refused_at_once(server: Callable[..., Any], open_policy: Open) -> None:
    policy = open_policy(server("counting").url)
    policy.connect()
    with pytest.raises(InvalidVector, match="hand_x: expected a finite number"):
        submit(policy, 1.0, np.nan)
    submit(policy, 2.0)
    assert count(answer(policy)) == 1


def test_images_may_go_as_jpeg(server: Callable[..., Any], open_policy: Open) -> None:
    policy = open_policy(server("two-cameras").url, jpeg_quality=80)
    policy.connect()
    submit(policy, 1.0)
    assert answer(policy).actions.shape == (10, 3)


def test_another_model_is_asked_by_name(own_server: Callable[..., Any], open_policy: Open) -> None:
    url = own_server().url
    policy = open_policy(url, model="other")
    policy.connect()
    assert policy.info is not None
    assert (policy.info.model, policy.info.policy) == ("other", "plain")
    with pytest.raises(PolicyRefused, match="model: expected one of default, other, found 'third'"):
        open_policy(url, model="third").connect()


def test_an_error_of_the_policy_is_raised_once_and_the_next_is_answered(
    server: Callable[..., Any], open_policy: Open
) -> None:
    policy = open_policy(server("counting").url)
    policy.connect()
    submit(policy, 1.0, first=1.0)
    error = failure(policy)
    assert isinstance(error, PolicyRefused)
    assert str(error).startswith("policy counting failed with RuntimeError")
    assert policy.poll() is None
    submit(policy, 2.0)
    assert answer(policy).observation_time == 2.0
    assert policy.num_reconnects == 0


def test_an_observation_too_large_for_the_server_is_not_sent_and_the_reset_with_it_is(
    own_server: Callable[..., Any], open_policy: Open
) -> None:
    server = own_server("--policy", "two-cameras-224", "--max-frame-bytes", "30000")
    policy = open_policy(server.url, jpeg_quality=90)
    policy.connect()
    submit(policy, 1.0)
    assert answer(policy).observation_time == 1.0
    policy.reset()
    noise = np.random.default_rng(0).integers(0, 256, (224, 224, 3), np.uint8)
    large = blank_observation(policy.spec)
    policy.submit(replace(large, images=dict.fromkeys(large.images, noise)))
    error = failure(policy)
    assert "observation not sent: expected at most 30000 bytes, found" in str(error)
    submit(policy, 2.0)
    assert answer(policy).observation_time == 2.0
    assert policy.num_reconnects == 0


@pytest.mark.parametrize(
    ("options", "complaint"),
    [({"jpeg_quality": 0}, "jpeg_quality: expected 1 to 100, found 0"), ({"url": "http://x"}, "ws://")],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        StreamPolicy(**({"url": "ws://127.0.0.1:1"} | options))


def test_a_server_that_is_not_there_is_told_from_one_that_wants_a_key(
    own_server: Callable[..., Any], open_policy: Open, tmp_path: Path
) -> None:
    with listen(ServerConfig(port=0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(PolicyUnavailable, match="see that it runs"):
        open_policy(f"ws://127.0.0.1:{port}").connect()
    path, secrets = keys_in(tmp_path, arm=("infer",), keeper=("admin",))
    url = own_server("--config", f'{{"keys": "{path}"}}').url
    for key, complaint in ((None, "found no key"), ("x", "found another"), (secrets["keeper"], "with scope infer")):
        with pytest.raises(PolicyRefused, match=complaint):
            open_policy(url, api_key=key).connect()
    policy = open_policy(url, api_key=secrets["arm"])
    policy.connect()
    submit(policy, 1.0)
    assert answer(policy).observation_time == 1.0


def test_a_server_that_dies_is_found_again_when_it_is_back(own_server: Callable[..., Any], open_policy: Open) -> None:
    server = own_server()
    policy = open_policy(server.url)
    policy.connect()
    for time in (1.0, 2.0):
        submit(policy, time)
        assert answer(policy).observation_time == time
    server.send(signal.SIGKILL)
    server.wait()
    assert isinstance(failure(policy), PolicyUnavailable)
    own_server("--port", server.port)
    assert recovered(policy, 3.0).observation_time == 3.0
    assert policy.num_reconnects == 1


def test_a_server_that_stalls_is_noticed_and_answers_again_afterwards(
    own_server: Callable[..., Any], open_policy: Open
) -> None:
    server = own_server("--policy", "huge")
    policy = open_policy(server.url, timeout_s=2.0)
    policy.connect()
    server.send(signal.SIGSTOP)
    submit(policy, 1.0)  # more than the socket's buffers hold
    submit(policy, 2.0)
    assert "no answer within 2 s" in str(failure(policy))
    server.send(signal.SIGCONT)
    assert recovered(policy, 3.0).observation_time == 3.0
    assert server.is_healthy()


def chunk_at(time: float, sequence: int | None, **changes: object) -> bytes:
    chunk = ActionChunk(actions=np.full((1, 3), 0.5, np.float32), observation_time=time, dt=0.1)
    reply = StreamReply(sequence=sequence, chunk=chunk, timing=Timing(policy_ms=1.0, server_ms=1.0))
    return pack(encode_reply(reply) | changes)


@pytest.fixture
def stub() -> Iterator[Callable[[Callable[[ServerConnection], None]], str]]:
    """The address of a server whose side of every connection is the given function."""
    with ExitStack() as stack:

        def start(converse: Callable[[ServerConnection], None]) -> str:
            server = stack.enter_context(serve(converse, "127.0.0.1", 0, compression=None))
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return f"ws://127.0.0.1:{server.socket.getsockname()[1]}"

        yield start


@pytest.mark.parametrize(
    ("greeting", "complaint"),
    [
        (b"garbage", "expected one msgpack value"),
        (WELCOME[:-1], "expected one msgpack value"),
        ("hello", "expected a binary frame, found: hello"),
        (pack(INFO.to_dict()), "type: expected 'welcome'"),
        (pack(encode_welcome(replace(INFO, protocol_version=9))), "expected protocol version 1, found 9"),
    ],
)
def test_a_greeting_that_is_none_is_named(stub: Any, open_policy: Open, greeting: bytes | str, complaint: str) -> None:  # noqa: ANN401
    with pytest.raises((PolicyRefused, ConfigError), match=complaint):
        open_policy(stub(lambda connection: connection.send(greeting))).connect()


@pytest.mark.parametrize(
    ("frame", "complaint"),
    [
        (b"garbage", "expected one msgpack value"),
        ("text", "expected a binary frame, found: text"),
        (chunk_at(1.0, 1)[:-1], "expected one msgpack value"),
        (chunk_at(1.0, 1, actions=np.zeros((1, 4), np.float32)), "found (1, 4) float32"),
        (chunk_at(1.0, 1, actions=np.full((1, 3), np.nan, np.float32)), "expected a finite number"),
        (chunk_at(1.0, 1, type="welcome"), "type: expected 'chunk' or 'error'"),
    ],
)
def test_garbage_is_named_and_the_connection_opened_anew(
    stub: Any, open_policy: Open, frame: bytes | str, complaint: str  # noqa: ANN401
) -> None:  # fmt: skip
    has_lied = threading.Event()

    def converse(connection: ServerConnection) -> None:
        connection.send(WELCOME)
        for request in connection:
            asked = unpack(bytes(request))
            if not has_lied.is_set():
                has_lied.set()
                connection.send(frame)
                continue
            connection.send(chunk_at(asked["observation/time"], asked["sequence"]))

    policy = open_policy(stub(converse))
    policy.connect()
    submit(policy, 1.0)
    assert complaint in str(failure(policy))
    assert recovered(policy, 2.0).observation_time == 2.0
    assert policy.num_reconnects == 1


def test_answers_that_nobody_asked_for_never_come_out(stub: Any, open_policy: Open) -> None:  # noqa: ANN401
    def converse(connection: ServerConnection) -> None:
        connection.send(WELCOME)
        for request in connection:
            asked = unpack(bytes(request))
            time, sequence = asked["observation/time"], asked["sequence"]
            connection.send(chunk_at(time, sequence + 7))
            connection.send(chunk_at(time, None))
            connection.send(chunk_at(time + 1.0, sequence) if time == 1.0 else chunk_at(time, sequence))

    policy = open_policy(stub(converse))
    policy.connect()
    submit(policy, 1.0)
    until(lambda: policy._mailbox.num_dropped == 3)
    assert policy.poll() is None
    submit(policy, 2.0)
    assert answer(policy).observation_time == 2.0


def test_a_server_that_comes_back_with_another_robot_is_refused(stub: Any, open_policy: Open) -> None:  # noqa: ANN401
    robots = iter([fake_spec(), *[fake_spec(control_hz=50.0)] * 1000])

    def converse(connection: ServerConnection) -> None:
        connection.send(pack(encode_welcome(replace(INFO, robot=next(robots)))))

    policy = open_policy(stub(converse))
    policy.connect()
    found: list[str] = []

    def is_refused() -> bool:
        found.append(str(failure(policy)))
        return "expected the robot of before, found control_hz: needs 10.0, finds 50.0" in found[-1]

    until(is_refused)


def test_closing_waits_for_no_one(own_server: Callable[..., Any], open_policy: Open) -> None:
    server = own_server("--policy", "huge")
    policy = open_policy(server.url)
    policy.connect()
    server.send(signal.SIGSTOP)
    submit(policy, 1.0)
    closing = threading.Thread(target=policy.close)
    closing.start()
    closing.join(PATIENCE)
    assert not closing.is_alive()
    server.send(signal.SIGCONT)
    assert server.is_healthy()


def test_sockets_of_a_policy_that_was_closed_are_gone(server: Callable[..., Any], open_policy: Open) -> None:
    process = server("counting")
    policy = open_policy(process.url)
    policy.connect()
    assert process.figure('clam_sessions{transport="stream"}') == 1
    policy.close()
    policy.close()
    until(lambda: process.figure('clam_sessions{transport="stream"}') == 0)
    assert not [thread for thread in threading.enumerate() if thread.name == "policy stream"]
