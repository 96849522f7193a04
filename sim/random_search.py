"""Finds policies for tasks of the DeepMind Control Suite by random search in the space of linear policies.

Linear policies are enough for planar bodies (Mania et al., "Simple random search provides a competitive approach to
reinforcement learning", arXiv 1803.07055). Of its augmented random search the standardised observations and the small
class are kept; CMA-ES takes the steps because it gets further per minute. `clam search --task TASK` regenerates a
file of `sim/policies`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from sim import opengl
from sim.cma_es import CmaEs, CmaState
from sim.dm_control_tasks import domain_and_task
from sim.linear_policy import LinearPolicy, act
from sim.policy_iterates import Iterate, PolicyIterates
from sim.search_config import SearchConfig
from sim.search_state import SearchState

# Scenes of the search, of its tests and of the stated returns; none is a scene of recording or evaluation.
SEARCH_SCENES = range(9_000_000, 9_000_064)
TEST_SCENE = 9_100_000
STATED_SCENE = 9_200_000
# Candidates for the best policy that are measured again, because the best of many tests was also lucky.
NUM_FINALISTS = 5
_WARM_UP = 16
_SMALLEST_SCALE = 1e-3


@dataclass(frozen=True, kw_only=True)
class SearchProgress:
    """Where a search is.

    Attributes:
        generation: generations so far.
        mean_return: of the last test.
        best_return: of the best test.
    """

    generation: int
    mean_return: float
    best_return: float


class RandomSearch:
    """A search that can be stopped after any generation and goes on exactly where its file says.

    Args:
        config: the search.
        path: where its state is kept (.npz); None keeps it in memory.

    Raises:
        UnknownRobot: no such task, or none with batched physics.
        ConfigError: the file belongs to another search.
    """

    def __init__(self, config: SearchConfig, path: Path | None = None) -> None:
        self._config = config
        self._path = path
        opengl.select_backend()
        from sim.dm_control_batch import DmControlBatch  # loads the simulator

        self._batch = DmControlBatch(*domain_and_task(config.task), action_repeat=config.action_repeat)
        if path is not None and path.exists():
            self.state = SearchState.load(path, config)
        else:
            self.state = self._begin()
        self._es = CmaEs(self.state.cma, config.population)

    def kept(self) -> PolicyIterates:
        """What a file of policies holds."""
        return PolicyIterates(
            search=self._config,
            control_hz=self._batch.control_hz,
            iterates=self._iterates(),
        )

    def run(self, on_progress: Callable[[SearchProgress], None] = lambda progress: None) -> None:
        """Search until the configured number of generations, saving the state at every test."""
        state = self.state
        if not state.tested:
            self._test(on_progress)
        while int(state.cma.generation) < self._config.generations:
            self._advance()
            if int(state.cma.generation) % self._config.test_every == 0:
                self._test(on_progress)

    def _iterates(self) -> tuple[Iterate, ...]:
        """The best policy tested and, spread evenly over the returns, policies on the way to it; by rising return."""
        returns, num_rungs = self.state.returns, self._config.num_kept - 1
        ranked = np.argsort(-np.asarray(returns), kind="stable")
        best = max((self._measured(int(i)) for i in ranked[:NUM_FINALISTS]), key=lambda iterate: iterate.mean_return)
        goals = [best.mean_return * rung / num_rungs for rung in range(num_rungs)]
        first = {next((i for i, found in enumerate(returns) if found >= goal), 0) for goal in goals}
        others = [self._measured(i) for i in first]
        kept = [iterate for iterate in others if iterate.mean_return < best.mean_return]
        return (*sorted(kept, key=lambda iterate: iterate.mean_return), best)

    def _begin(self) -> SearchState:
        """Standardise by what the first candidates see; what changes later is the business of the covariance."""
        num_states = self._batch.reset(SEARCH_SCENES[:1]).shape[1]
        num_parameters = self._batch.num_actions * (num_states + 1)
        candidates = np.random.default_rng([self._config.seed, 0, 1]).normal(size=(_WARM_UP, num_parameters))
        self.state = SearchState(
            cma=CmaState.start(num_parameters, self._config.sigma), mean=np.zeros(num_states), scale=np.ones(num_states)
        )
        seen: list[np.ndarray] = []
        self._returns(candidates, SEARCH_SCENES[:2], self._config.horizon, on_observations=seen.append)
        observations = np.concatenate(seen).astype(np.float64)
        self.state.mean = observations.mean(axis=0)
        self.state.scale = np.maximum(observations.std(axis=0), _SMALLEST_SCALE)
        return self.state

    def _advance(self) -> None:
        rng = np.random.default_rng([self._config.seed, int(self.state.cma.generation)])
        candidates = self._es.ask(rng)
        scenes = [SEARCH_SCENES[i] for i in rng.integers(len(SEARCH_SCENES), size=self._config.num_scenes)]
        returns = self._returns(candidates, scenes, self._config.horizon, guidance=self._config.guidance)
        self._es.tell(candidates, returns.mean(axis=1))

    def _test(self, on_progress: Callable[[SearchProgress], None]) -> None:
        state = self.state
        scenes = range(TEST_SCENE, TEST_SCENE + self._config.num_tests)
        returns = self._returns(state.cma.mean[np.newaxis], scenes, self._config.full_horizon)
        state.tested.append(int(state.cma.generation))
        state.parameters.append(state.cma.mean)
        state.returns.append(float(returns.mean()))
        if self._path is not None:
            state.save(self._path, self._config)
        on_progress(
            SearchProgress(generation=state.tested[-1], mean_return=state.returns[-1], best_return=max(state.returns))
        )

    def _measured(self, index: int) -> Iterate:
        state = self.state
        policy = LinearPolicy.of(state.parameters[index], state.mean, state.scale)
        scenes = range(STATED_SCENE, STATED_SCENE + self._config.num_stated)
        returns = self._returns(policy.parameters[np.newaxis], scenes, self._config.full_horizon)
        return Iterate(
            generation=state.tested[index],
            mean_return=round(float(returns.mean()), 1),
            return_std=round(float(returns.std()), 1),
            policy=policy,
        )

    def _returns(
        self,
        candidates: Float64[np.ndarray, "N P"],
        scenes: Sequence[int],
        horizon: int,
        *,
        guidance: float = 0.0,
        on_observations: Callable[[np.ndarray], None] = lambda observations: None,
    ) -> Float64[np.ndarray, "N scenes"]:
        """Return of every candidate in every scene, with so much guidance added."""
        parameters = candidates.repeat(len(scenes), axis=0)
        observations = self._batch.reset([*scenes] * len(candidates))
        returns = np.zeros(len(parameters))
        for _ in range(horizon):
            on_observations(observations)
            observations, rewards = self._batch.step(act(parameters, observations, self.state.mean, self.state.scale))
            returns += rewards
            if guidance > 0:
                returns += guidance * self._batch.guidance()
        return returns.reshape(len(candidates), len(scenes))
