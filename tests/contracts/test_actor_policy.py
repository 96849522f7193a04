"""Trained actors keep the contract of a policy, with a latent action decoder and without."""

import torch

from clam_robot.interfaces import Policy
from clam_robot.models.action_scale import ActionScale
from clam_robot.models.actor import Actor
from clam_robot.models.actor_policy import ActorPolicy
from clam_robot.models.features import FeatureConfig, StateFeatures
from clam_robot.models.latent_policy import PolicyConfig, PolicyNetwork
from clam_robot.models.networks import mlp
from clam_robot.testing.contracts import PolicyContract
from clam_robot.testing.fakes import fake_spec


def make_policy(num_targets: int, decoder: torch.nn.Module | None) -> ActorPolicy:
    spec = fake_spec()
    features = StateFeatures(spec, FeatureConfig())
    states = torch.randn(20, len(spec.state))
    features.fit(states[:-1], states.diff(dim=0))
    network = PolicyNetwork(num_present=features.num_present, num_targets=num_targets, config=PolicyConfig(hidden=16))
    return ActorPolicy(Actor(features=features, network=network, decoder=decoder, scale=ActionScale(spec.action)), spec)


class TestClamPolicy(PolicyContract):
    def make_policy(self) -> Policy:
        return make_policy(num_targets=4, decoder=mlp(4, 3, hidden=16, num_layers=2))


class TestBehaviorCloningPolicy(PolicyContract):
    def make_policy(self) -> Policy:
        return make_policy(num_targets=3, decoder=None)
