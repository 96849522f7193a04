"""Actions for formats in which every row has one."""

import numpy as np
from jaxtyping import Bool, Float32


def filled(action: Float32[np.ndarray, "T A"], is_labeled: Bool[np.ndarray, "T"]) -> Float32[np.ndarray, "T A"]:
    """Rows without an action repeat the one before, the first ones the one behind; zeros where there is none at all."""
    if not is_labeled.any():
        return np.zeros_like(action)
    newest = np.maximum.accumulate(np.where(is_labeled, np.arange(len(action)), -1))
    return action[np.where(newest < 0, int(np.argmax(is_labeled)), newest)]
