"""What latent actions carry: are they actions, do they smuggle the next observation, how many dimensions do they use.

The measures are those of CoMo (arXiv 2505.17006) and of studies of latent action models since, on data the model was
not trained on where there is some.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from clam_robot import config
from clam_robot.models.latent_action_model import LatentActionModel
from clam_robot.training.linear_probe import linear_probe_r2
from clam_robot.training.stages import relabel
from clam_robot.training.transitions import Transitions

_BATCH = 1024


@dataclass(frozen=True, kw_only=True)
class Diagnostics(config.Strict):
    """Measures of one latent action model.

    Attributes:
        action_names: entries of the action; empty in files that older versions wrote.
        probe_r2: action explained by a linear probe of the latent, on held-out play; 1 is all of it.
        action_error: (A,) mean squared error of decoded actions in [-1, 1], on held-out play.
        reconstruction: by name, error of forward dynamics on held-out play as a share of predicting no change.
        change_from_latent_r2: next change explained by a linear probe of the latent.
        change_from_action_r2: the same by a probe of the true action; what the latent tells beyond it is leakage.
        effective_rank: dimensions that latents of the demonstrations really use (exponential of the entropy of their
            covariance's spectrum).
    """

    action_names: tuple[str, ...] = ()
    probe_r2: float
    action_error: tuple[float, ...]
    reconstruction: dict[str, float]
    change_from_latent_r2: float
    change_from_action_r2: float
    effective_rank: float

    @property
    def error_by_entry(self) -> dict[str, float]:
        """Action error by the entry's name, or by its number where names are not known."""
        names = self.action_names or tuple(str(i) for i in range(len(self.action_error)))
        return dict(zip(names, self.action_error, strict=True))

    def scalars(self) -> dict[str, float]:
        """Flat, for TensorBoard."""
        flat = {f"action_error_{name}": error for name, error in self.error_by_entry.items()}
        flat |= {f"{name}_over_copy": share for name, share in self.reconstruction.items()}
        for name in ("probe_r2", "change_from_latent_r2", "change_from_action_r2", "effective_rank"):
            flat[name] = getattr(self, name)
        return flat


@torch.no_grad()
def diagnose(
    model: LatentActionModel,
    play: Transitions,
    held_out: Transitions,
    demonstrations: Transitions,
    *,
    action_names: tuple[str, ...],
) -> Diagnostics:
    """Measure a trained model.

    Args:
        model: in evaluation mode.
        play: labelled, that it was trained on; probes are fitted on it.
        held_out: labelled, that it was not trained on; everything is judged on it.
        demonstrations: without labels.
        action_names: entries of the action.
    """
    labeled, judged = play.labeled(), held_out.labeled()
    known, unseen = relabel(play, model.encode)[labeled], relabel(held_out, model.encode)[judged]
    action, true_action = play.action[labeled], held_out.action[judged]
    change = play.layout.next_changes(play.context[labeled], 1).flatten(1)
    true_change = held_out.layout.next_changes(held_out.context[judged], 1).flatten(1)
    return Diagnostics(
        action_names=action_names,
        probe_r2=linear_probe_r2(known, action, unseen, true_action),
        action_error=tuple((model.decode(unseen) - true_action).square().mean(0).tolist()),
        reconstruction=_reconstruction(model, held_out),
        change_from_latent_r2=linear_probe_r2(known, change, unseen, true_change),
        change_from_action_r2=linear_probe_r2(action, change, true_action, true_change),
        effective_rank=effective_rank(relabel(demonstrations, model.encode)),
    )


def effective_rank(latents: Float[Tensor, "N Z"]) -> float:
    """Exponential of the entropy of the covariance's normalised spectrum (Roy and Vetterli, 2007)."""
    centred = latents.double() - latents.double().mean(0)
    spectrum = torch.linalg.svdvals(centred).square()
    share = spectrum / spectrum.sum().clamp_min(1e-12)
    return float(torch.exp(-(share * share.clamp_min(1e-12).log()).sum()))


def _reconstruction(model: LatentActionModel, held_out: Transitions) -> dict[str, float]:
    every = torch.arange(len(held_out), device=held_out.context.device)
    sums: dict[str, Tensor] = {}
    copies: dict[str, Tensor] = {}
    for indices in every.split(_BATCH):
        window = held_out.windows(indices)
        for total, errors in (
            (sums, model.forward_model.error(window, model.latents(window).z)),
            (copies, model.forward_model.copy_error(window)),
        ):
            for name, error in errors.items():
                total[name] = total.get(name, torch.zeros_like(error)) + error * len(indices)
    return {name: float(sums[name] / copies[name].clamp_min(1e-12)) for name in sums}
