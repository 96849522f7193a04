"""Inverse and forward dynamics of every architecture: what reaches them, and what must not."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from clam_robot.errors import ConfigError
from clam_robot.models.architectures import build_latent_action_model
from clam_robot.models.frame_error import change_error
from clam_robot.models.inputs import Inputs
from clam_robot.models.latent_action_model import LatentActionConfig, LatentActionModel
from clam_robot.models.mlp_dynamics import MlpForward
from clam_robot.models.transformer_dynamics import TransformerForward
from clam_robot.models.vision import VisionConfig
from clam_robot.models.window_layout import WindowLayout

LAYOUT = WindowLayout(past=2, future=3, num_present=4, num_change=5, num_grippers=1)
VISION = VisionConfig(camera="front", size=16, width=2, patch=8, shift=0)
BATCH, LATENT = 3, 6


@dataclass(frozen=True, kw_only=True)
class Case:
    """An architecture, how many steps it predicts, and how much smaller frames."""

    architecture: str
    num_steps: int = 1
    shrink: int = 1

    @property
    def vision(self) -> VisionConfig:
        looks = self.architecture in {"cnn", "space-time"}
        return replace(VISION, shrink=self.shrink) if looks else VisionConfig()

    @property
    def num_latents(self) -> int:
        return self.num_steps if self.architecture == "transformer" else 1

    def build(self, **changes: Any) -> LatentActionModel:  # noqa: ANN401
        torch.manual_seed(0)
        config = LatentActionConfig(
            architecture=self.architecture,
            num_steps=self.num_steps,
            **{"latent_dim": LATENT, "hidden": 8, "num_heads": 2, "dropout": 0.0, **changes},
        )
        return build_latent_action_model(LAYOUT, num_actions=2, config=config, vision=self.vision)


CASES = [
    Case(architecture="mlp"),
    Case(architecture="mlp", num_steps=3),
    Case(architecture="transformer"),
    Case(architecture="transformer", num_steps=3),
    Case(architecture="cnn"),
    Case(architecture="cnn", shrink=2),
    Case(architecture="space-time"),
]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.architecture}-{case.num_steps}")
with_frames = pytest.mark.parametrize("case", CASES[4:], ids=lambda case: case.architecture)


def window(case: Case, seed: int = 0) -> Inputs:
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(BATCH, LAYOUT.num_context, generator=generator)
    shape = (BATCH, LAYOUT.num_frames, 3, VISION.size, VISION.size)
    frames = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
    return Inputs(features=features, frames=frames if case.vision.camera else None)


def latents(case: Case, seed: int = 0) -> Tensor:
    return torch.randn(BATCH, case.num_latents, LATENT, generator=torch.Generator().manual_seed(seed))


def with_changes(seen: Inputs, steps: slice, value: float) -> Inputs:
    """The same window with other changes in some steps."""
    features = seen.features.clone()
    LAYOUT.changes(features)[:, steps] = value
    return replace(seen, features=features)


def with_frames_of(seen: Inputs, which: slice, value: int) -> Inputs:
    assert seen.frames is not None
    frames = seen.frames.clone()
    frames[:, which] = value
    return replace(seen, frames=frames)


def with_grippers(seen: Inputs, value: float) -> Inputs:
    features = seen.features.clone()
    features[:, -LAYOUT.num_frames * LAYOUT.num_grippers :] = value
    return replace(seen, features=features)


def train_away(module: nn.Module, names: tuple[str, ...]) -> None:
    """Let the last layers of these names give zero."""
    for name in names:
        for parameter in module.get_submodule(name).parameters():
            nn.init.zeros_(parameter)


@every_case
def test_one_latent_per_step(case: Case) -> None:
    model = case.build()
    assert model.inverse(window(case)).shape == (BATCH, case.num_latents, LATENT)
    assert model.encode(window(case)).shape == (BATCH, LATENT)


@every_case
def test_errors_are_finite_scalars_with_the_names_of_the_copy_errors(case: Case) -> None:
    forward = case.build().forward_model
    errors = forward.error(window(case), latents(case))
    assert set(errors) == set(forward.copy_error(window(case)))
    assert set(errors) == ({"frame", "reconstruction"} if case.vision.camera else {"reconstruction"})
    assert all(error.shape == () and torch.isfinite(error) for error in errors.values())


@every_case
def test_the_gradient_of_what_is_predicted_reaches_every_weight_of_inverse_dynamics(case: Case) -> None:
    model = case.build()
    seen = window(case)
    sum(model.forward_model.error(seen, model.latents(seen).z).values(), torch.zeros(())).backward()
    for name, parameter in model.inverse.named_parameters():
        assert parameter.grad is not None and (parameter.grad != 0).any(), name


@every_case
def test_the_prediction_depends_on_the_latents(case: Case) -> None:
    forward, seen = case.build().forward_model, window(case)
    first, second = forward.error(seen, latents(case)), forward.error(seen, latents(case, seed=1))
    for name in first:
        assert first[name] != second[name]


@every_case
def test_inverse_dynamics_sees_every_step_of_the_window(case: Case) -> None:
    inverse, seen = case.build().inverse, window(case)
    for step in range(LAYOUT.num_frames - 1):
        assert not torch.equal(inverse(with_changes(seen, slice(step, step + 1), 3.0)), inverse(seen))
    assert not torch.equal(inverse(with_grippers(seen, 3.0)), inverse(seen))


@with_frames
def test_inverse_dynamics_sees_every_frame_of_the_window(case: Case) -> None:
    inverse, seen = case.build().inverse, window(case)
    for frame in range(LAYOUT.num_frames):
        assert not torch.equal(inverse(with_frames_of(seen, slice(frame, frame + 1), 7)), inverse(seen))


@pytest.mark.parametrize(("sees", "matters"), [("motion", False), ("window", True)])
@every_case
def test_where_things_are_reaches_an_inverse_model_only_where_it_sees_the_window(
    case: Case, sees: str, matters: bool
) -> None:
    inverse, seen = case.build(inverse_sees=sees).inverse, window(case)
    elsewhere = replace(seen, features=seen.features.clone())
    elsewhere.features[:, : LAYOUT.num_present] += 1
    assert torch.equal(inverse(elsewhere), inverse(seen)) != matters


@pytest.mark.parametrize(("sees", "matters"), [("motion", False), ("window", True)])
@with_frames
def test_what_is_alike_in_all_frames_reaches_an_inverse_model_only_where_it_sees_the_window(
    case: Case, sees: str, matters: bool
) -> None:
    inverse, seen = case.build(inverse_sees=sees).inverse, window(case)
    assert seen.frames is not None
    dark = replace(seen, frames=seen.frames // 2)
    assert dark.frames is not None
    light = replace(dark, frames=dark.frames + torch.arange(128, dtype=torch.uint8)[:: 128 // VISION.size])
    assert torch.allclose(inverse(light), inverse(dark), atol=1e-5) != matters


@pytest.mark.parametrize("num_steps", [1, 2, 3])
def test_a_transformer_predicts_each_step_from_nothing_later(num_steps: int) -> None:
    case = Case(architecture="transformer", num_steps=num_steps)
    forward, seen, z = case.build().forward_model, window(case), latents(case)
    assert isinstance(forward, TransformerForward)
    for mode in (True, False):
        forward.train(mode)
        expected = forward.predict(seen, z)
        for step in range(num_steps):
            future = with_grippers(with_changes(seen, slice(LAYOUT.past + step, None), 1e3), 1e3)
            later = z.clone()
            later[:, step + 1 :] = 1e3
            found = forward.predict(future, later)
            torch.testing.assert_close(found[:, : step + 1], expected[:, : step + 1])
            before = with_changes(seen, slice(LAYOUT.past + step - 1, LAYOUT.past + step), 3.0)
            assert not torch.allclose(forward.predict(before, z)[:, step], expected[:, step])
            own = z.clone()
            own[:, step] += 1
            assert not torch.allclose(forward.predict(seen, own)[:, step], expected[:, step])


@pytest.mark.parametrize("num_steps", [1, 2, 3])
def test_a_transformer_is_causal_without_a_gradient_too(num_steps: int) -> None:
    case = Case(architecture="transformer", num_steps=num_steps)
    forward, seen, z = case.build().forward_model.eval(), window(case), latents(case)
    assert isinstance(forward, TransformerForward)
    expected = forward.predict(seen, z)
    with torch.no_grad():
        torch.testing.assert_close(forward.predict(seen, z), expected)


@pytest.mark.parametrize("num_steps", [1, 3])
def test_a_perceptron_predicts_from_the_present_alone(num_steps: int) -> None:
    case = Case(architecture="mlp", num_steps=num_steps)
    forward, seen, z = case.build().forward_model, window(case), latents(case)
    assert isinstance(forward, MlpForward)
    expected = forward.predict(seen, z)
    assert expected.shape == (BATCH, num_steps, LAYOUT.num_change)
    other = with_grippers(with_changes(seen, slice(None), 1e3), 1e3)
    assert torch.equal(forward.predict(other, z), expected)


@with_frames
def test_the_next_frame_is_predicted_from_nothing_later(case: Case) -> None:
    """Where the truth is known, an error tells the prediction: no two truths may lead to a different one."""
    forward, seen, z = case.build().forward_model, window(case), latents(case)
    assert seen.frames is not None
    inputs: list[tuple[Tensor, ...]] = []
    network = forward.get_submodule("frame" if case.architecture == "cnn" else "network")
    hook = network.register_forward_hook(lambda module, given, output: inputs.append((*given, output)))
    other = with_frames_of(with_grippers(with_changes(seen, slice(LAYOUT.past, None), 1e3), 1e3), slice(3, None), 7)
    first, second = forward.error(seen, z), forward.error(other, z)
    hook.remove()
    assert all(torch.equal(a, b) for a, b in zip(*inputs, strict=True))
    assert first["frame"] != second["frame"]
    beyond = with_frames_of(with_changes(seen, slice(LAYOUT.past + 1, None), 1e3), slice(4, None), 7)
    assert forward.error(beyond, z) == first


@with_frames
def test_the_next_frame_is_predicted_from_every_frame_up_to_the_present(case: Case) -> None:
    forward, seen, z = case.build().forward_model, window(case), latents(case)
    expected = forward.error(seen, z)["frame"]
    for frame in range(LAYOUT.past):
        assert forward.error(with_frames_of(seen, slice(frame, frame + 1), 7), z)["frame"] != expected


@every_case
def test_the_copy_error_is_that_of_predicting_no_change(case: Case) -> None:
    forward, seen = case.build().forward_model, window(case)
    last = {
        "mlp": ("network.6",),
        "transformer": ("head",),
        "cnn": ("frame.out", "state.network.6"),
        "space-time": ("head", "state.network.6"),
    }[case.architecture]
    train_away(forward, last)
    errors, copied = forward.error(seen, latents(case)), forward.copy_error(seen)
    for name in errors:
        torch.testing.assert_close(errors[name], copied[name])
    changes = LAYOUT.changes(seen.features)[:, LAYOUT.past : LAYOUT.past + case.num_steps]
    torch.testing.assert_close(copied["reconstruction"], changes.square().mean())


@every_case
def test_only_the_inverse_model_drops_units(case: Case) -> None:
    model, seen, z = case.build(dropout=0.5).train(), window(case), latents(case)
    assert model.forward_model.error(seen, z) == model.forward_model.error(seen, z)
    assert not torch.equal(model.inverse(seen), model.inverse(seen))
    model.eval()
    assert torch.equal(model.inverse(seen), model.inverse(seen))


@pytest.mark.parametrize("case", [CASES[3], *CASES[4:]], ids=lambda case: case.architecture)
def test_a_latent_says_enough_to_learn_to_predict_by(case: Case) -> None:
    model, seen = case.build(hidden=32), window(case)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    batch = (seen.features, seen.frames, torch.zeros(BATCH, 2), torch.zeros(BATCH, dtype=torch.bool), 0.0)
    before, _ = model(*batch)
    for _ in range(40):
        optimizer.zero_grad()
        model(*batch)[0].backward()
        optimizer.step()
    assert model(*batch)[0] < 0.5 * before


def test_a_frame_that_stays_as_it_is_makes_no_infinite_error() -> None:
    assert torch.isfinite(change_error(torch.ones(2, 3), torch.zeros(2, 3)))


@pytest.mark.parametrize("architecture", ["cnn", "space-time"])
def test_an_architecture_that_looks_needs_a_camera(architecture: str) -> None:
    config = LatentActionConfig(architecture=architecture)
    with pytest.raises(ConfigError, match=f"architecture {architecture} looks at frames; .* --vision.camera"):
        build_latent_action_model(LAYOUT, num_actions=2, config=config, vision=VisionConfig())


@pytest.mark.parametrize("architecture", ["mlp", "transformer"])
def test_an_architecture_of_states_needs_none(architecture: str) -> None:
    config = LatentActionConfig(architecture=architecture)
    with pytest.raises(ConfigError, match=f"architecture {architecture} sees states alone; choose cnn or space-time"):
        build_latent_action_model(LAYOUT, num_actions=2, config=config, vision=VISION)


@pytest.mark.parametrize("architecture", ["mlp", "transformer"])
def test_a_window_must_hold_the_steps_to_predict(architecture: str) -> None:
    with pytest.raises(ConfigError, match=r"num_steps: expected at most features.future 3, found 4"):
        Case(architecture=architecture, num_steps=4).build()


@with_frames
def test_frames_are_predicted_one_step_ahead(case: Case) -> None:
    with pytest.raises(ConfigError, match="num_steps: frames are predicted one step ahead, found 2"):
        replace(case, num_steps=2).build()
