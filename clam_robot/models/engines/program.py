"""An actor's pass as a program that other engines can read."""

import torch
from torch.export import Dim, ExportedProgram

from clam_robot.models.actor import Actor
from clam_robot.models.view import View


def export_program(actor: Actor, view: View) -> ExportedProgram:
    """The pass from states, and frames where there are any, to actions and latent actions, for any B.

    Args:
        actor: in evaluation mode.
        view: what it sees.
    """
    # One robot in the example would become one robot for ever.
    inputs = tuple(each for each in view.random(actor.features.mean, actor.features.std, 2) if each is not None)
    batch = Dim("batch", min=1)
    with torch.no_grad():
        return torch.export.export(actor, inputs, dynamic_shapes=tuple({0: batch} for _ in inputs))
