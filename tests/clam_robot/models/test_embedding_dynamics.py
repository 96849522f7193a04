"""An embedding learned by dynamics: it tells observations apart."""

import torch
from torch import Tensor

from clam_robot.models.embedding_dynamics import EmbeddingDynamics
from clam_robot.models.latent_policy import EmbeddingEye, PolicyConfig
from clam_robot.models.vision import CameraEye, VisionConfig

NUM_SEEN = 6


def made() -> EmbeddingDynamics:
    torch.manual_seed(0)
    eye = EmbeddingEye(4, PolicyConfig(hidden=32, dropout=0.0, embedding=NUM_SEEN))
    return EmbeddingDynamics(eye, num_seen=NUM_SEEN, latent_dim=2, hidden=32, num_layers=2, shift=0)


def walk(seed: int) -> tuple[Tensor, Tensor]:
    """Observations, and the next ones after a random step."""
    generator = torch.Generator().manual_seed(seed)
    present = torch.randn(128, 4, generator=generator)
    return present, present + 0.3 * torch.randn(128, 4, generator=generator)


def trained() -> tuple[EmbeddingDynamics, list[float]]:
    module, losses = made(), list[float]()
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    for step in range(300):
        present, following = walk(step)
        loss, _ = module(present, None, following, None)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return module, losses


def test_an_embedding_learns_to_be_predicted_and_does_not_collapse() -> None:
    module, losses = trained()
    assert losses[-1] < 0.5 * losses[0]
    embedding = module.eye.network(walk(1000)[0])
    centred = embedding - embedding.mean(0)
    spread = torch.linalg.svdvals(centred).square()
    rank = spread.sum().square() / spread.square().sum()  # effective number of dimensions
    assert rank > 2
    directions = torch.nn.functional.normalize(embedding, dim=-1)
    assert (directions @ directions.T).mean() < 0.9, "all observations point the same way"


def test_the_loss_is_cosine_distance_and_a_little_of_the_covariance() -> None:
    present, following = walk(0)
    loss, parts = made()(present, None, following, None)
    assert set(parts) == {"dynamics", "covariance"}
    assert 0 <= parts["dynamics"] <= 2
    torch.testing.assert_close(loss.item(), parts["dynamics"] + 0.04 * parts["covariance"])


def test_the_target_takes_no_gradient() -> None:
    module = made()
    module.inverse.requires_grad_(False)
    present, following = walk(0)
    following.requires_grad_()
    with torch.no_grad():
        for layer in (module.inverse, module.forward_model):
            layer[0].weight.zero_()  # nothing inferred, so that the target is all that knows of what follows
    module(present, None, following, None)[0].backward()
    assert following.grad is None or (following.grad == 0).all()


def test_dimensions_that_say_the_same_are_penalised_and_scale_is_not_the_reason() -> None:
    class Given(torch.nn.Module):
        def forward(self, seen: object) -> Tensor:
            return seen.features  # type: ignore[attr-defined]

    module = EmbeddingDynamics(Given(), num_seen=2, latent_dim=2, hidden=8, num_layers=1, shift=0)
    independent = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    same = independent[:, :1].repeat(1, 2)
    penalties = [module(rows, None, rows, None)[1]["covariance"] for rows in (independent, same)]
    assert penalties[0] == 0
    assert penalties[1] > 1


def test_frames_of_both_observations_are_moved_alike() -> None:
    torch.manual_seed(0)
    vision = VisionConfig(camera="front", size=16, width=2, patch=8, shift=4)
    eye = CameraEye(num_features=3, num_frames=1, num_outputs=NUM_SEEN, config=vision)
    module = EmbeddingDynamics(eye, num_seen=NUM_SEEN, latent_dim=2, hidden=8, num_layers=1, shift=vision.shift)
    seen: list[Tensor] = []
    eye.encoder.register_forward_hook(lambda network, given, output: seen.append(given[0]))
    features = torch.zeros(64, 3)
    frames = torch.randint(0, 256, (64, 1, 3, 16, 16), dtype=torch.uint8)
    module.train()(features, frames, features, frames)
    present, following = seen
    assert torch.equal(present, following)
    still = frames.flatten(1, 2).float() / 255 - 0.5
    assert not any(torch.equal(each, other) for each, other in zip(present[:8], still[:8], strict=True))
