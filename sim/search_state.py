"""What a random search has found so far, and the file it goes on from."""

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from jaxtyping import Float64

from clam_robot import config
from clam_robot.errors import ConfigError
from sim.cma_es import CmaState
from sim.search_config import SearchConfig

# Settings that may change when a search goes on.
_FREE = ("generations", "num_kept", "num_stated")
_CMA = tuple(entry.name for entry in fields(CmaState))


@dataclass(kw_only=True)
class SearchState:
    """A search after some generation.

    Attributes:
        cma: where the search stands.
        mean: (S,) of the observations, for standardising.
        scale: (S,) of the observations.
        tested: generations at which the mean of the search was tested.
        parameters: the mean at those.
        returns: its average return at those.
    """

    cma: CmaState
    mean: Float64[np.ndarray, "S"]
    scale: Float64[np.ndarray, "S"]
    tested: list[int] = field(default_factory=list[int])
    parameters: list[np.ndarray] = field(default_factory=list[np.ndarray])
    returns: list[float] = field(default_factory=list[float])

    def save(self, path: Path, search: SearchConfig) -> None:
        """Write an .npz by rename: a kill leaves the file before."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            np.savez(
                file,
                search=np.array(_key(search)),
                mean_observation=self.mean,
                scale=self.scale,
                tested=np.array(self.tested),
                parameters=np.array(self.parameters),
                returns=np.array(self.returns),
                **{f"cma_{name}": getattr(self.cma, name) for name in _CMA},
            )
        partial.replace(path)

    @classmethod
    def load(cls, path: Path, search: SearchConfig) -> "SearchState":
        """Read the file of the same search; the number of generations may differ.

        Raises:
            ConfigError: it is not such a file, or another search's.
        """
        try:
            with path.open("rb") as file:  # numpy leaves a damaged file open
                stored = dict(np.load(file, allow_pickle=False))
            found = str(stored["search"])
            if found != _key(search):
                raise ConfigError(
                    f"{path} holds the search {found}, asked for is {_key(search)}; give another path or remove it"
                )
            return cls(
                cma=CmaState(**{name: stored[f"cma_{name}"] for name in _CMA}),
                mean=stored["mean_observation"],
                scale=stored["scale"],
                tested=stored["tested"].tolist(),
                parameters=list(stored["parameters"]),
                returns=stored["returns"].tolist(),
            )
        except (KeyError, EOFError, BadZipFile, ValueError) as error:
            if isinstance(error, ConfigError):
                raise
            raise ConfigError(f"{path} is not the file of a search ({error}); give another path or remove it") from None


def _key(search: SearchConfig) -> str:
    return json.dumps({key: value for key, value in config.to_dict(search).items() if key not in _FREE}, sort_keys=True)
