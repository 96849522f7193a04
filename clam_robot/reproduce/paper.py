"""The paper's figures (arXiv 2505.04999): success, for DMControl normalised return, as means over its seeds."""

from collections.abc import Mapping, Sequence

# Table -> row -> column -> mean. The average of all the paper's tasks is under AVERAGE, for rows of which it gives no
# more. It says no more than "Hopper"; ours is to stand.
AVERAGE = "average"

_STATE = {
    "clam": {
        "dmcontrol:cheetah-run": 0.72,
        "dmcontrol:hopper-stand": 0.81,
        "metaworld:assembly": 0.91,
        "metaworld:bin-picking": 0.82,
        "metaworld:peg-insert-side": 0.79,
        "metaworld:shelf-place": 0.93,
    },
    "vpt": {
        "dmcontrol:cheetah-run": 0.32,
        "dmcontrol:hopper-stand": 0.41,
        "metaworld:assembly": 0.40,
        "metaworld:bin-picking": 0.05,
        "metaworld:peg-insert-side": 0.49,
        "metaworld:shelf-place": 0.02,
    },
    "oracle": {
        "dmcontrol:cheetah-run": 0.68,
        "dmcontrol:hopper-stand": 0.76,
        "metaworld:assembly": 1.00,
        "metaworld:bin-picking": 0.94,
        "metaworld:peg-insert-side": 0.91,
        "metaworld:shelf-place": 0.93,
    },
    "bc-play": {AVERAGE: 0.24},
    "lapa": {AVERAGE: 0.21},
    "dynamo": {AVERAGE: 0.13},
    "lapo": {AVERAGE: 0.13},
}

_FOUR = ("metaworld:assembly", "metaworld:bin-picking", "metaworld:peg-insert-side", "metaworld:shelf-place")


def _four(*values: float) -> dict[str, float]:
    return dict(zip(_FOUR, values, strict=True))


_PAPER: Mapping[str, Mapping[str, Mapping[str, float]]] = {
    "state": _STATE,
    "dmcontrol": _STATE,
    "images": {"clam": {AVERAGE: 0.76}, "lapa": {AVERAGE: 0.20}, "lapo": {AVERAGE: 0.09}},
    "ablation": {
        "continuous, joint": _four(0.69, 0.82, 0.57, 0.88),
        "continuous, not joint": _four(0.28, 0.18, 0.21, 0.26),
        "discrete, joint": _four(0.14, 0.14, 0.17, 0.16),
        "discrete, not joint": _four(0.15, 0.12, 0.18, 0.19),
    },
    "latent-dim": {
        "2": {"metaworld:assembly": 0.09},
        "4": {"metaworld:assembly": 0.11},
        "8": {"metaworld:assembly": 0.57},
        "16": {"metaworld:assembly": 0.50},
    },
    "unlabelled": {
        "50": {"metaworld:assembly": 0.39},
        "100": {"metaworld:assembly": 0.56},
        "150": {"metaworld:assembly": 0.61},
        "200": {"metaworld:assembly": 0.69},
    },
}


def figure(table: str, row: str, robot: str) -> float | None:
    """The paper's figure for an entry; None where it gives none."""
    return _PAPER.get(table, {}).get(row, {}).get(robot)


def average(table: str, row: str, robots: Sequence[str]) -> float | None:
    """The paper's average of a row over these columns; where it gives no column of them, over all its own tasks.

    Returns:
        None where the columns are others than the paper's.
    """
    known = [value for robot in robots if (value := figure(table, row, robot)) is not None]
    if known:
        return sum(known) / len(known) if len(known) == len(robots) else None
    return figure(table, row, AVERAGE) if set(_FOUR) <= set(robots) else None
