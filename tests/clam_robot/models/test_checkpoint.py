"""Checkpoints: what is written is what is loaded, and whatever is wrong is said in one line."""

import json
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path, PosixPath
from typing import Any

import pytest
import torch
from torch import Tensor

from clam_robot.errors import CheckpointError
from clam_robot.models.actor import Actor
from clam_robot.models.checkpoint import (
    HEADER,
    WEIGHTS,
    CheckpointHeader,
    load_checkpoint,
    load_header,
    save_checkpoint,
)

MakeHeader = Callable[..., CheckpointHeader]
MakeActor = Callable[..., Actor]
MakeStates = Callable[..., Tensor]


@pytest.fixture
def saved(tmp_path: Path, make_header: MakeHeader, make_actor: MakeActor) -> Path:
    """A checkpoint of a policy with latent actions."""
    path = tmp_path / "checkpoint"
    save_checkpoint(path, make_actor(make_header()), make_header())
    return path


def failing(path: Path, operation: str, number: int, error: BaseException) -> Path:
    """The same path, but the `number`-th time anything beside it is told to do `operation`, that fails."""
    calls = count(1)

    def fail(self: Path, *arguments: object, **options: object) -> Any:  # noqa: ANN401
        if next(calls) == number:
            raise error
        return getattr(super(FailingPath, self), operation)(*arguments, **options)

    FailingPath = type("FailingPath", (PosixPath,), {operation: fail})
    return FailingPath(path)


def edit_header(path: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    header = json.loads((path / HEADER).read_text())
    edit(header)
    (path / HEADER).write_text(json.dumps(header))


def refusal(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


@pytest.mark.parametrize("is_latent", [True, False])
def test_a_loaded_policy_acts_as_the_saved_one(
    tmp_path: Path, make_header: MakeHeader, make_actor: MakeActor, make_states: MakeStates, is_latent: bool
) -> None:
    header = make_header(is_latent=is_latent)
    actor = make_actor(header)
    save_checkpoint(tmp_path / "checkpoint", actor, header)
    loaded, found = load_checkpoint(tmp_path / "checkpoint")
    assert found == header
    assert not loaded.training
    states = make_states(20, seed=5).unflatten(0, (-1, 1))
    (action, latent), (expected, expected_latent) = loaded.act(states), actor.act(states)
    assert torch.equal(action, expected)
    assert (latent is None) == (expected_latent is None) == (not is_latent)
    if latent is not None and expected_latent is not None:
        assert torch.equal(latent, expected_latent)


def test_features_are_those_that_were_fitted(
    saved: Path, make_header: MakeHeader, make_actor: MakeActor, make_states: MakeStates
) -> None:
    states = make_states(6, seed=9)
    window = states[:5]
    fitted, loaded = make_actor(make_header()).features, load_checkpoint(saved)[0].features
    assert torch.equal(loaded.present(states), fitted.present(states))
    assert torch.equal(loaded.context(window), fitted.context(window))


def test_header_is_read_without_the_weights(saved: Path, make_header: MakeHeader) -> None:
    (saved / WEIGHTS).unlink()
    assert load_header(saved) == make_header()


def test_files_are_json_and_safetensors_and_nothing_else(saved: Path) -> None:
    assert sorted(file.name for file in saved.iterdir()) == [HEADER, WEIGHTS]
    assert [file.name for file in saved.parent.iterdir()] == [saved.name]
    json.loads((saved / HEADER).read_text())
    weights = (saved / WEIGHTS).read_bytes()
    length = int.from_bytes(weights[:8], "little")
    tensors = json.loads(weights[8 : 8 + length])
    assert len(weights) == 8 + length + max(tensor["data_offsets"][1] for tensor in tensors.values())


def test_nothing_at_the_path(tmp_path: Path) -> None:
    assert "clam train" in refusal(tmp_path / "nowhere")


def test_a_folder_without_a_header(saved: Path) -> None:
    (saved / HEADER).unlink()
    assert HEADER in refusal(saved)


def test_a_folder_without_weights(saved: Path) -> None:
    (saved / WEIGHTS).unlink()
    assert WEIGHTS in refusal(saved)


@pytest.mark.parametrize("num_bytes", [0, 5, 100, -1])
def test_truncated_weights(saved: Path, num_bytes: int) -> None:
    whole = (saved / WEIGHTS).read_bytes()
    (saved / WEIGHTS).write_bytes(whole[:num_bytes])
    assert WEIGHTS in refusal(saved)


def test_weights_that_are_something_else(saved: Path) -> None:
    (saved / WEIGHTS).write_bytes(b"\x80\x02this is no tensor" * 10)
    assert "damaged" in refusal(saved)
    (saved / WEIGHTS).unlink()
    (saved / WEIGHTS).mkdir()
    refusal(saved)


def test_a_header_that_is_no_json(saved: Path) -> None:
    (saved / HEADER).write_text((saved / HEADER).read_text()[:-20])
    assert "JSON" in refusal(saved)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda header: header.update(format_version=1), "format_version"),
        (lambda header: header.update(format_version=3), "format_version"),
        (lambda header: header.update(surprise=1), "surprise"),
        (lambda header: header.pop("spec"), "spec"),
        (lambda header: header.pop("vision"), "vision"),
        (lambda header: header["policy"].update(chunk=2), "size mismatch"),
        (lambda header: header["policy"].update(history=3), "history: expected at most features.past 2"),
        (lambda header: header["vision"].update(camera="front"), "size mismatch"),
        (lambda header: header["spec"]["state"]["names"].pop(), "spec"),
        (lambda header: header["policy"].update(hidden=9), "size mismatch"),
        (lambda header: header["policy"].update(hidden=0), "hidden must be at least 1"),
        (lambda header: header["policy"].update(dropout=7), "dropout must be"),
        (lambda header: header["latent"].update(latent_dim=6), "size mismatch"),
        (lambda header: header["latent"].update(decoder_layers=4), "size mismatch"),
        (lambda header: header.update(latent=None), "size mismatch"),
        (lambda header: header["spec"]["action"].update(high=["Infinity"] * 3), "finite bounds"),
        (lambda header: header["features"].update(past=-1), "past must be at least 0"),
    ],
)
def test_a_header_that_was_edited(saved: Path, edit: Callable[[dict[str, Any]], object], said: str) -> None:
    edit_header(saved, edit)
    assert said in refusal(saved)


@pytest.mark.parametrize(("operation", "number"), [("mkdir", 1), ("write_text", 1), ("rename", 1), ("rename", 2)])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_save_that_is_cut_off_loses_no_older_checkpoint(
    saved: Path,
    make_header: MakeHeader,
    make_actor: MakeActor,
    make_states: MakeStates,
    operation: str,
    number: int,
    error: BaseException,
) -> None:
    header, states = make_header(), make_states(5).unsqueeze(1)
    older, newer = make_actor(header, seed=0), make_actor(header, seed=1)
    expected = CheckpointError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        save_checkpoint(failing(saved, operation, number, error), newer, header)
    assert torch.equal(load_checkpoint(saved)[0].act(states)[0], older.act(states)[0])
    with pytest.raises(expected):
        save_checkpoint(failing(saved, operation, 1, error), newer, header)
    assert torch.equal(load_checkpoint(saved)[0].act(states)[0], older.act(states)[0])
    save_checkpoint(saved, newer, header)
    assert torch.equal(load_checkpoint(saved)[0].act(states)[0], newer.act(states)[0])
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_weights_that_cannot_be_written_say_so(tmp_path: Path, make_header: MakeHeader, make_actor: MakeActor) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CheckpointError, match="cannot write the checkpoint"):
        save_checkpoint(tmp_path / "file" / "checkpoint", make_actor(make_header()), make_header())


def test_a_copied_checkpoint_is_a_checkpoint(saved: Path, tmp_path: Path, make_states: MakeStates) -> None:
    shutil.copytree(saved, tmp_path / "copy")
    states = make_states(5).unsqueeze(1)
    assert torch.equal(load_checkpoint(tmp_path / "copy")[0].act(states)[0], load_checkpoint(saved)[0].act(states)[0])
