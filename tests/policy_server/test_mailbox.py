"""What goes out and comes in, in any order: nothing old and nothing that is not awaited ever comes out."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from clam_robot.errors import PolicyRefused, PolicyUnavailable
from clam_robot.testing.fakes import fake_spec
from clam_robot.types import ActionChunk, Observation
from policy_server.mailbox import MAX_UNANSWERED, Mailbox
from policy_server.probe import blank_observation
from policy_server.protocol import Timing
from policy_server.refusals import Refused
from policy_server.stream_protocol import StreamReply, StreamRequest

SPEC = fake_spec()


def observation(time: float) -> Observation:
    return replace(blank_observation(SPEC), time=time)


def reply(sequence: int | None, time: float, skipped: int = 0) -> StreamReply:
    chunk = ActionChunk(actions=np.zeros((1, 3), np.float32), observation_time=time, dt=0.1)
    return StreamReply(sequence=sequence, chunk=chunk, timing=Timing(policy_ms=1.0, server_ms=2.0), skipped=skipped)


def refusal(sequence: int | None) -> StreamReply:
    return StreamReply(sequence=sequence, error=Refused("policy_failed", "the scene is too dark"))


def sent(mailbox: Mailbox, time: float, now: float = 0.0) -> StreamRequest:
    mailbox.submit(observation(time), now)
    request = mailbox.take(now)
    assert request is not None
    return request


class Exchange(RuleBasedStateMachine):
    """A loop that submits and polls, a connection that takes and puts, and a server that sends what it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.mailbox = Mailbox()
        self.clock = 0.0
        self.waiting: float | None = None
        self.sent: dict[int, float] = {}
        self.answerable: set[int] = set()
        self.newest: float | Exception | None = None
        self.skipped_here = self.skipped_there = 0
        self.is_new_episode = False

    def tick(self) -> float:
        self.clock += 1.0
        return self.clock

    @rule()
    def submit(self) -> None:
        self.skipped_here += self.waiting is not None
        self.waiting = self.tick()
        self.mailbox.submit(observation(self.waiting), self.clock)

    @rule()
    def take(self) -> None:
        request = self.mailbox.take(self.tick())
        if self.waiting is None:
            assert request is None
            return
        assert request is not None
        assert request.observation is not None
        assert request.observation.time == self.waiting
        assert request.sequence > max(self.sent, default=0)
        assert request.reset == self.is_new_episode
        self.sent[request.sequence] = self.waiting
        self.answerable.add(request.sequence)
        self.waiting, self.is_new_episode = None, False

    @rule()
    def reset(self) -> None:
        self.mailbox.reset()
        self.answerable.clear()
        self.waiting = self.newest = None
        self.skipped_here = self.skipped_there = 0
        self.is_new_episode = True

    @rule()
    def lose_the_connection(self) -> None:
        error = PolicyUnavailable("lost")
        self.mailbox.fail(error)
        self.answerable.clear()
        self.newest = error
        self.skipped_here, self.skipped_there = self.skipped_here + self.skipped_there, 0

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), skipped=st.integers(0, 9), is_error=st.booleans(), is_of_another_time=st.booleans())
    def put(self, data: st.DataObject, skipped: int, is_error: bool, is_of_another_time: bool) -> None:
        sequence = data.draw(st.sampled_from(sorted(self.sent)) | st.integers(0, 2**53))
        is_awaited = sequence in self.answerable
        time = self.sent.get(sequence, 0.5) + 0.25 * is_of_another_time
        self.mailbox.put(refusal(sequence) if is_error else reply(sequence, time, skipped), self.tick())
        if is_awaited:
            self.answerable = {each for each in self.answerable if each > sequence}
        if is_awaited and is_error:
            self.newest = PolicyRefused("")
        elif is_awaited and not is_of_another_time:
            self.newest, self.skipped_there = time, skipped

    @rule()
    def poll(self) -> None:
        expected, self.newest = self.newest, None
        try:
            chunk = self.mailbox.poll()
        except (PolicyRefused, PolicyUnavailable) as error:
            assert type(error) is type(expected)
        else:
            assert (None if chunk is None else chunk.observation_time) == expected

    @invariant()
    def skipped_observations_are_all_counted(self) -> None:
        assert self.mailbox.num_skipped == self.skipped_here + self.skipped_there

    @invariant()
    def silence_is_noticed_only_of_a_server_that_owes_something(self) -> None:
        assert (self.mailbox.owed_since() is not None) == bool(self.answerable)


TestExchange = Exchange.TestCase


def test_latency_is_from_submission_and_silence_from_sending() -> None:
    mailbox = Mailbox()
    mailbox.submit(observation(1.0), 10.0)
    request = mailbox.take(100.0)  # there was no connection for so long
    assert mailbox.owed_since() == 100.0
    assert request is not None
    mailbox.put(reply(request.sequence, 1.0), 100.5)
    assert mailbox.owed_since() is None
    assert mailbox.latency == pytest.approx(90.5)
    assert mailbox.timing == Timing(policy_ms=1.0, server_ms=2.0)


def test_an_answer_from_before_a_reset_never_comes_out() -> None:
    mailbox = Mailbox()
    before = sent(mailbox, 1.0)
    mailbox.reset()
    after = sent(mailbox, 1.0)  # of the same time, so that only its number tells
    mailbox.put(reply(before.sequence, 1.0), 2.0)
    assert mailbox.poll() is None
    assert mailbox.num_dropped == 1
    mailbox.put(reply(after.sequence, 1.0), 2.0)
    assert mailbox.poll() is not None
    assert mailbox.poll() is None


def test_a_refusal_that_names_nothing_is_told() -> None:
    mailbox = Mailbox()
    mailbox.put(refusal(None), 0.0)
    with pytest.raises(PolicyRefused, match=r"the scene is too dark \(policy_failed\)"):
        mailbox.poll()


def test_what_a_server_ignores_for_ever_is_not_remembered_for_ever() -> None:
    mailbox = Mailbox()
    requests = [sent(mailbox, float(k), float(k)) for k in range(MAX_UNANSWERED + 5)]
    assert mailbox.owed_since() == 5.0
    mailbox.put(reply(requests[0].sequence, 0.0), 0.0)
    assert mailbox.poll() is None


def test_a_new_connection_counts_on_from_the_one_before() -> None:
    mailbox = Mailbox()
    mailbox.put(reply(sent(mailbox, 1.0).sequence, 1.0, skipped=3), 0.0)
    mailbox.fail(PolicyUnavailable("lost"))
    mailbox.put(reply(sent(mailbox, 2.0).sequence, 2.0, skipped=2), 0.0)
    assert mailbox.num_skipped == 5
    mailbox.reset()
    assert mailbox.num_skipped == 0
