"""Trained actors keep the contract of a policy, with a latent action decoder and without."""

from typing import Any

import torch

from clam_robot.interfaces import Policy
from clam_robot.models.action_scale import ActionScale
from clam_robot.models.actor import Actor
from clam_robot.models.actor_group import ActorGroup
from clam_robot.models.actor_policy import ActorPolicy
from clam_robot.models.architectures import build_policy
from clam_robot.models.features import FeatureConfig, StateFeatures
from clam_robot.models.latent_policy import PolicyConfig
from clam_robot.models.networks import mlp
from clam_robot.models.view import View
from clam_robot.models.vision import VisionConfig
from clam_robot.testing.contracts import PolicyContract
from clam_robot.testing.fakes import fake_spec


def make_policy(num_targets: int, decoder: torch.nn.Module | None, **shape: Any) -> ActorPolicy:  # noqa: ANN401
    config = PolicyConfig(hidden=16, **shape)
    spec = fake_spec()
    features = StateFeatures(spec, FeatureConfig())
    states = torch.randn(20, len(spec.state))
    features.fit(states[:-1], states.diff(dim=0))
    network = build_policy(features.layout, num_targets=num_targets, config=config, vision=VisionConfig())
    scale = ActionScale(spec.action)
    actor = Actor(features=features, network=network, decoder=decoder, scale=scale, frame_size=16)
    return ActorGroup(actor.eval(), View(spec=spec, history=config.history)).new()


class TestClamPolicy(PolicyContract):
    def make_policy(self) -> Policy:
        return make_policy(num_targets=4, decoder=mlp(4, 3, hidden=16, num_layers=2))


class TestBehaviorCloningPolicy(PolicyContract):
    def make_policy(self) -> Policy:
        return make_policy(num_targets=3, decoder=None)


class TestChunkPolicy(PolicyContract):
    def make_policy(self) -> Policy:
        return make_policy(num_targets=3, decoder=None, architecture="chunk", chunk=4)


class TestPolicyWithHistory(PolicyContract):
    def make_policy(self) -> Policy:
        return make_policy(num_targets=3, decoder=None, history=2)
