"""Every engine says what the actor says, whatever the actor's shape and the number of robots, and leaves no file."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from clam_robot.errors import EngineUnavailable
from clam_robot.models.actor import Actor
from clam_robot.models.checkpoint import CheckpointHeader, group_of, save_checkpoint
from clam_robot.models.engines.building import building
from clam_robot.models.engines.choice import make_engine
from clam_robot.models.engines.engine import Engine
from clam_robot.models.view import View
from clam_robot.models.vision import VisionConfig

MakeHeader = Callable[..., CheckpointHeader]
MakeActor = Callable[..., Actor]
MakeEngine = Callable[..., tuple[Engine, Actor, View]]

PATHS = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
VISION = VisionConfig(camera="front", size=16, width=2)
SHAPES = {
    "clam": {},
    "cloning": {"is_latent": False, "history": 2},
    "chunk": {"architecture": "chunk", "chunk": 3, "history": 1},
    "camera": {"vision": VISION, "history": 1},
    "embedding": {"embedding": 5, "is_latent": False},
}


@pytest.fixture(scope="module")
def engine_of(make_header: MakeHeader, make_actor: MakeActor) -> MakeEngine:
    """An engine for an actor of a shape, made once."""
    made: dict[tuple[str, str], tuple[Engine, Actor, View]] = {}

    def make(name: str, shape: str) -> tuple[Engine, Actor, View]:
        if (name, shape) not in made:
            header = make_header(**SHAPES[shape])
            actor = make_actor(header)
            made[name, shape] = make_engine(name, actor, header.view), actor, header.view
        return made[name, shape]

    return make


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        *(("onnx", shape) for shape in SHAPES),
        pytest.param("compile", "clam", marks=pytest.mark.slow),
        pytest.param("compile", "camera", marks=pytest.mark.slow),
    ],
)
@settings(max_examples=25)
@given(num_robots=st.integers(1, 16), seed=st.integers(0, 1000))
def test_an_engine_says_what_the_actor_says(
    engine_of: MakeEngine, name: str, shape: str, num_robots: int, seed: int
) -> None:
    engine, actor, view = engine_of(name, shape)
    assert engine is not actor
    inputs = view.random(actor.features.mean, actor.features.std, num_robots, seed=seed)
    actions, latents = engine.act(*inputs)
    expected, expected_latents = actor.act(*inputs)
    torch.testing.assert_close(actions, expected, atol=1e-5, rtol=1e-4)
    assert (latents is None) == (expected_latents is None)
    if latents is not None and expected_latents is not None:
        torch.testing.assert_close(latents, expected_latents, atol=1e-5, rtol=1e-4)


def test_an_engine_works_in_another_thread_than_the_one_it_was_made_in(engine_of: MakeEngine) -> None:
    engine, actor, view = engine_of("onnx", "clam")
    inputs, found = view.random(actor.features.mean, actor.features.std, 3), []
    thread = threading.Thread(target=lambda: found.append(engine.act(*inputs)[0]))
    thread.start()
    thread.join()
    torch.testing.assert_close(found[0], actor.act(*inputs)[0], atol=1e-5, rtol=1e-4)


def test_an_answer_is_not_overwritten_by_the_next(engine_of: MakeEngine) -> None:
    engine, actor, view = engine_of("onnx", "clam")
    first = engine.act(*view.random(actor.features.mean, actor.features.std, 3, seed=0))[0]
    kept = first.clone()
    engine.act(*view.random(actor.features.mean, actor.features.std, 3, seed=1))
    assert torch.equal(first, kept)
    first += 1  # may be written to


class Encoder(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(3, 4)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        return self.layer(frames.mean((2, 3)))


def test_an_actor_behind_a_pretrained_encoder_can_be_exported_too(
    make_header: MakeHeader, make_actor: MakeActor, tmp_path: Path
) -> None:
    batch = ({0: torch.export.Dim("batch")},)
    program = torch.export.export(Encoder(), (torch.zeros(3, 3, 16, 16),), dynamic_shapes=batch)
    torch.export.save(program, tmp_path / "encoder.pt2")
    header = make_header(vision=VisionConfig(camera="front", size=16, encoder=tmp_path / "encoder.pt2"), history=1)
    actor = make_actor(header)
    engine = make_engine("onnx", actor, header.view)
    inputs = header.view.random(actor.features.mean, actor.features.std, 5)
    torch.testing.assert_close(engine.act(*inputs)[0], actor.act(*inputs)[0], atol=1e-5, rtol=1e-4)


class Branching(torch.nn.Module):
    """Does what no program can be made of."""

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        return latent[..., :3] * (1.0 if latent.sum().item() > 0 else 2.0)


@pytest.mark.parametrize("name", ["onnx", "compile"])
def test_an_actor_that_no_program_can_be_made_of_is_refused_with_advice(
    make_header: MakeHeader, make_actor: MakeActor, name: str
) -> None:
    header = make_header()
    actor = make_actor(header)
    actor.decoder = Branching()
    with pytest.raises(EngineUnavailable, match=rf"engine {name}: expected a program .* eager"):
        make_engine(name, actor, header.view)


def test_auto_answers_eagerly_where_no_program_can_be_made(
    make_header: MakeHeader, make_actor: MakeActor, caplog: pytest.LogCaptureFixture
) -> None:
    header = make_header()
    actor = make_actor(header)
    actor.decoder = Branching()
    assert make_engine("auto", actor, header.view) is actor
    assert "engine onnx: expected a program" in caplog.text


def test_auto_gives_an_engine_that_agrees(make_header: MakeHeader, make_actor: MakeActor) -> None:
    header = make_header(history=1)
    actor = make_actor(header)
    group, alone = group_of(actor, header, engine="auto"), group_of(actor, header)
    assert group.spec == alone.spec
    inputs = header.view.random(actor.features.mean, actor.features.std, 4)
    engine = make_engine("auto", actor, header.view)
    torch.testing.assert_close(engine.act(*inputs)[0], actor.act(*inputs)[0], atol=1e-5, rtol=1e-4)


KILLED = """
import os, sys
from pathlib import Path
from clam_robot.models.checkpoint import load_checkpoint
from clam_robot.models.engines.building import building
from clam_robot.models.engines.choice import make_engine

actor, header = load_checkpoint(Path(sys.argv[2]))
engine = make_engine(sys.argv[1], actor, header.view)
assert engine is not actor
engine.act(*header.view.random(actor.features.mean, actor.features.std, 3))
os._exit(0)  # as a kill does, without tidying up
"""


@pytest.mark.parametrize("name", ["onnx", pytest.param("compile", marks=pytest.mark.slow)])
def test_an_engine_leaves_no_file_and_says_nothing(
    make_header: MakeHeader, make_actor: MakeActor, tmp_path: Path, name: str
) -> None:
    save_checkpoint(tmp_path / "checkpoint", make_actor(make_header()), make_header())
    homes = {variable: tmp_path / variable for variable in ("TMPDIR", "HOME", "XDG_CACHE_HOME", "WORK")}
    for home in homes.values():
        home.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", KILLED, name, str(tmp_path / "checkpoint")],
        env=os.environ | {variable: str(home) for variable, home in homes.items()} | PATHS,
        cwd=homes["WORK"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [str(path) for home in homes.values() for path in home.rglob("*")] == []


def test_the_logs_of_others_are_as_loud_as_before(engine_of: MakeEngine) -> None:
    before = logging.getLogger("torch.onnx").level
    with (
        pytest.raises(EngineUnavailable, match=r"engine odd: .* ValueError: no; choose another"),
        building("odd", "choose another"),
    ):
        assert logging.getLogger("torch.onnx").level == logging.ERROR
        raise ValueError("no\nmore")
    assert logging.getLogger("torch.onnx").level == before
