"""Cross products as matrices, and how rotation vectors turn frames."""

import numpy as np
from jaxtyping import Float64


def cross_matrices(vectors: Float64[np.ndarray, "n 3"]) -> Float64[np.ndarray, "n 3 3"]:
    """Matrices that multiply by a vector from the left as a cross product does."""
    x, y, z = vectors.T
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=1).reshape(-1, 3, 3)


def right_jacobian(turn: Float64[np.ndarray, "3"]) -> Float64[np.ndarray, "3 3"]:
    """How a rotation vector's change turns the rotated frame about its own axes."""
    angle = float(np.linalg.norm(turn))
    cross = cross_matrices(turn[np.newaxis])[0]
    if angle < 1e-6:
        return np.eye(3) - 0.5 * cross
    return np.eye(3) - (1.0 - np.cos(angle)) / angle**2 * cross + (angle - np.sin(angle)) / angle**3 * cross @ cross
