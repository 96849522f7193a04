"""What is counted, as Prometheus reads it."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from policy_server.metrics import Metrics
from policy_server.refusals import CODES


def value(metrics: Metrics, name: str, **labels: str) -> float:
    for family in text_string_to_metric_families(metrics.exposition().decode()):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return sample.value
    raise LookupError(name)


def test_passes_answers_and_skipped_observations_are_counted() -> None:
    metrics = Metrics()
    metrics.count_batch("m", 3, 0.004)
    metrics.count_batch("m", 1, 0.004)
    metrics.count_answer("m", "stream", 0.02)
    metrics.count_skipped(5)
    metrics.count_skipped()
    assert value(metrics, "clam_inference_seconds_count", model="m") == 2
    assert value(metrics, "clam_inference_seconds_bucket", model="m", le="0.005") == 2
    assert value(metrics, "clam_inference_seconds_bucket", model="m", le="0.002") == 0
    assert value(metrics, "clam_batch_size_sum", model="m") == 4
    assert value(metrics, "clam_request_seconds_sum", model="m", transport="stream") == pytest.approx(0.02)
    assert value(metrics, "clam_skipped_observations_total") == 6


def test_every_refusal_has_a_counter_from_the_start() -> None:
    metrics = Metrics()
    assert [value(metrics, "clam_rejects_total", code=code) for code in CODES] == [0] * len(CODES)
    metrics.count_reject("busy")
    assert value(metrics, "clam_rejects_total", code="busy") == 1


def test_who_left_is_not_connected_whatever_the_reason() -> None:
    metrics = Metrics()
    with pytest.raises(ValueError, match="x"), metrics.session("lock_step"), metrics.session("http"):
        assert value(metrics, "clam_sessions", transport="lock_step") == 1
        raise ValueError("x")
    assert value(metrics, "clam_sessions", transport="lock_step") == 0
    assert value(metrics, "clam_sessions", transport="http") == 0


def test_two_servers_in_a_process_count_for_themselves() -> None:
    one, other = Metrics(), Metrics()
    one.count_reject("busy")
    assert value(other, "clam_rejects_total", code="busy") == 0
