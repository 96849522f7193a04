"""What the latent actions of a training run carry, for a person."""

from rich.markup import escape
from rich.table import Table

from clam_robot.training.diagnostics import Diagnostics

# Read off runs on MetaWorld: where CLAM solves its task, its latents are mostly within these limits.
_LEAST_PROBE_R2 = 0.5
_MOST_OVER_COPY = 1.0
_MOST_ACTION_ERROR = 0.2
_MOST_LEAKAGE = 0.3


def diagnostics_table(diagnostics: Diagnostics, latent_dim: int) -> Table:
    """Every measure with its value and what is good; what is not is yellow.

    Args:
        diagnostics: of a run.
        latent_dim: dimensions of its latent actions.
    """
    table = Table("latent actions", "found", "good")

    def add(measure: str, found: float, good: str, *, is_good: bool) -> None:
        table.add_row(escape(measure), f"[{'green' if is_good else 'yellow'}]{found:.2f}[/]", good)

    probe = diagnostics.probe_r2
    add("action read by a linear probe, R2", probe, f"{_LEAST_PROBE_R2} to 1", is_good=probe >= _LEAST_PROBE_R2)
    for name, error in diagnostics.error_by_entry.items():
        is_good = error <= _MOST_ACTION_ERROR
        add(f"error of {name}, squared, of [-1, 1]", error, f"0 to {_MOST_ACTION_ERROR}", is_good=is_good)
    for name, share in diagnostics.reconstruction.items():
        what = "states" if name == "reconstruction" else f"{name}s"
        good = f"below {_MOST_OVER_COPY:g}, where it predicts better"
        add(f"forward dynamics over copying, {what}", share, good, is_good=share < _MOST_OVER_COPY)
    leakage = diagnostics.change_from_latent_r2 - diagnostics.change_from_action_r2
    good = f"up to {_MOST_LEAKAGE}; more harms only where actions are read badly"
    add("leakage: R2 on the next change beyond the action's", leakage, good, is_good=leakage <= _MOST_LEAKAGE)
    rank, num_actions = diagnostics.effective_rank, len(diagnostics.action_error)
    good = f"about {num_actions}, the action's entries; {latent_dim} at most"
    add("effective rank", rank, good, is_good=num_actions / 2 <= rank <= 2 * num_actions)
    return table
