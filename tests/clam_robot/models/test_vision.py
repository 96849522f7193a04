"""Frames for networks: scaled, shifted in training, and seen through an encoder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from clam_robot.errors import CheckpointError, ConfigError
from clam_robot.models.architectures import build_policy
from clam_robot.models.inputs import Inputs
from clam_robot.models.latent_policy import PolicyConfig
from clam_robot.models.vision import CameraEye, PretrainedEncoder, VisionConfig, as_floats, resize, shift_windows
from clam_robot.models.window_layout import WindowLayout

SIZE = 16


def noise(*shape: int) -> Tensor:
    return torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def test_bytes_become_numbers_around_zero() -> None:
    ends = as_floats(torch.tensor([[0, 255]], dtype=torch.uint8))
    assert ends.tolist() == [[-0.5, 0.5]]


def test_frames_of_the_right_size_are_left_alone() -> None:
    frames = noise(2, 3, SIZE, SIZE)
    assert resize(frames, SIZE) is frames


def test_a_smaller_frame_has_the_mean_of_what_each_pixel_covers() -> None:
    frames = noise(2, 3, 4 * SIZE, 2 * SIZE)
    blocks = frames.unflatten(2, (SIZE, 4)).unflatten(4, (SIZE, 2)).float()
    assert torch.equal(resize(frames, SIZE), blocks.mean((3, 5)).round().to(torch.uint8))


def test_any_resolution_is_scaled() -> None:
    assert resize(noise(1, 3, 37, 51), SIZE).shape == (1, 3, SIZE, SIZE)
    plain = torch.full((1, 3, 37, 51), 93, dtype=torch.uint8)
    assert (resize(plain, SIZE) == 93).all()


def offset(before: Tensor, after: Tensor, distance: int) -> tuple[int, int]:
    """By how much one frame (3, h, w) was moved: the only distance at which their middles agree."""
    inner = slice(distance, SIZE - distance)
    found = [
        (y, x)
        for y in range(-distance, distance + 1)
        for x in range(-distance, distance + 1)
        if torch.equal(before.roll((y, x), (1, 2))[:, inner, inner], after[:, inner, inner])
    ]
    assert len(found) == 1
    return found[0]


def test_frames_of_a_window_are_moved_alike_and_windows_differently() -> None:
    torch.manual_seed(0)
    frames = noise(40, 3, 3, SIZE, SIZE)
    moved = shift_windows(frames, 2)
    assert moved.shape == frames.shape
    offsets = [
        {offset(before, after, 2) for before, after in zip(*window, strict=True)}
        for window in zip(frames, moved, strict=True)
    ]
    assert all(len(window) == 1 for window in offsets)
    every = set.union(*offsets)
    assert {y for y, _ in every} == {x for _, x in every} == {-2, -1, 0, 1, 2}


def test_edges_are_repeated() -> None:
    frames = torch.full((20, 1, 3, SIZE, SIZE), 50, dtype=torch.uint8)
    frames[..., 0, :] = 200
    moved = shift_windows(frames, 4)
    assert set(moved.unique().tolist()) == {50, 200}
    assert {int(rows) for rows in (moved[:, 0, 0, :, 0] == 200).sum(-1)} <= {0, 1, 2, 3, 4, 5}
    assert (moved == moved[..., :1]).all()


def test_no_distance_moves_nothing() -> None:
    frames = noise(2, 3, 3, SIZE, SIZE)
    assert torch.equal(shift_windows(frames, 0), frames)


def eye(**changes: Any) -> CameraEye:  # noqa: ANN401
    torch.manual_seed(0)
    config = VisionConfig(**{"camera": "front", "size": SIZE, "width": 2, "shift": 3, **changes})
    return CameraEye(num_features=5, num_frames=2, num_outputs=7, config=config)


def seen(num_rows: int = 4) -> Inputs:
    return Inputs(features=torch.randn(num_rows, 5), frames=noise(num_rows, 2, 3, SIZE, SIZE))


def test_an_eye_sees_frames_and_features() -> None:
    made, inputs = eye().eval(), seen()
    found = made(inputs)
    assert found.shape == (4, 7)
    assert inputs.frames is not None
    assert not torch.equal(made(Inputs(features=inputs.features, frames=255 - inputs.frames)), found)
    assert not torch.equal(made(Inputs(features=inputs.features + 1, frames=inputs.frames)), found)


def test_frames_are_moved_in_training_alone() -> None:
    made, inputs = eye(), seen()
    assert not torch.equal(made(inputs), made(inputs))
    made.eval()
    assert torch.equal(made(inputs), made(inputs))


class Tiny(nn.Module):
    """Of each frame its mean colour through a layer, as a map."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.layer = nn.Linear(3, 4)

    def forward(self, frames: Tensor) -> Tensor:
        return self.layer(frames.mean((2, 3)))[:, :, None]


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """An encoder as a program, for any number of frames or for two."""
    folder = tmp_path_factory.mktemp("encoder")

    def export(*, has_any_batch: bool = True) -> Path:
        path = folder / f"{has_any_batch}.pt2"
        if not path.exists():
            batch = ({0: torch.export.Dim("batch")},) if has_any_batch else None
            program = torch.export.export(Tiny(), (torch.zeros(3, 3, SIZE, SIZE),), dynamic_shapes=batch)
            torch.export.save(program, path)
        return path

    return export


Export = Callable[..., Path]


def test_an_exported_encoder_sees_every_frame_by_itself(exported: Export) -> None:
    encoder = PretrainedEncoder(exported(), is_frozen=True)
    frames = torch.rand(5, 2, 3, SIZE, SIZE)
    found = encoder(frames.flatten(1, 2))
    assert encoder.num_outputs(SIZE) == 4
    torch.testing.assert_close(found, torch.cat([Tiny()(frames[:, k])[..., 0] for k in range(2)], dim=1))


@pytest.mark.parametrize("is_frozen", [True, False])
def test_an_encoder_is_trained_where_it_is_not_frozen(exported: Export, is_frozen: bool) -> None:
    made = eye(encoder=exported(), is_frozen=is_frozen).train()
    encoder = {name: weight.detach().clone() for name, weight in made.encoder.named_parameters()}
    assert encoder
    optimizer = torch.optim.SGD([weight for weight in made.parameters() if weight.requires_grad], lr=0.1)
    made(seen()).square().sum().backward()
    optimizer.step()
    for name, weight in made.encoder.named_parameters():
        assert torch.equal(weight, encoder[name]) == is_frozen
    assert made.eval()(seen()).shape == (4, 7)


def test_an_encoder_is_among_the_weights(exported: Export) -> None:
    trained, fresh = eye(encoder=exported(), is_frozen=False), eye(encoder=exported(), is_frozen=False)
    with torch.no_grad():
        for weight in trained.parameters():
            weight.add_(1)
    fresh.load_state_dict(trained.state_dict())
    inputs = seen()
    assert torch.equal(fresh.eval()(inputs), trained.eval()(inputs))


@pytest.mark.parametrize("content", [None, b"", b"no program\nat all", b"PK\x03\x04 half a zip"])
def test_a_damaged_encoder_is_said_in_one_line(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "encoder.pt2"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"encoder\.pt2: expected an encoder by torch\.export\.save") as caught:
        PretrainedEncoder(path, is_frozen=True)
    assert "\n" not in str(caught.value)


def test_a_truncated_encoder_is_said_in_one_line(exported: Export, tmp_path: Path) -> None:
    path = tmp_path / "encoder.pt2"
    path.write_bytes(exported().read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=r"encoder\.pt2: expected an encoder by torch\.export\.save") as caught:
        PretrainedEncoder(path, is_frozen=True)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("has_any_batch", "size"), [(False, SIZE), (True, 2 * SIZE)])
def test_an_encoder_for_other_frames_is_refused_in_one_line(exported: Export, has_any_batch: bool, size: int) -> None:
    path = exported(has_any_batch=has_any_batch)
    with pytest.raises(CheckpointError, match=rf"expected an encoder of frames \(N, 3, {size}, {size}\)") as caught:
        eye(encoder=path, size=size)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_policy_with_a_camera_sees_its_history_of_frames() -> None:
    layout = WindowLayout(past=2, future=1, num_present=4, num_change=5, num_grippers=0)
    vision = VisionConfig(camera="front", size=SIZE, width=2)
    policy = build_policy(layout, num_targets=3, config=PolicyConfig(hidden=8, history=2), vision=vision)
    inputs = Inputs(features=torch.randn(6, layout.num_history(2)), frames=noise(6, 3, 3, SIZE, SIZE))
    assert policy.act(inputs).shape == (6, 1, 3)
    with pytest.raises(ConfigError, match=r"history: expected at most features.past 2, found 3"):
        build_policy(layout, num_targets=3, config=PolicyConfig(history=3), vision=vision)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"size": 8}, "size must be at least 16, found 8"),
        ({"size": 72, "patch": 8}, "size: expected a multiple of 16 and of patch 8, found 72"),
        ({"size": 64, "patch": 12}, "size: expected a multiple of 16 and of patch 12, found 64"),
        ({"size": 32, "shrink": 3}, "shrink: expected size 32 to be a multiple of 8 of it, found 3"),
        ({"shift": -1}, "shift must be at least 0, found -1"),
        ({"width": 0}, "width must be at least 1, found 0"),
        ({"patch": 0}, "patch must be at least 1, found 0"),
    ],
)
def test_impossible_views_are_refused_by_name(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        VisionConfig(**settings)
