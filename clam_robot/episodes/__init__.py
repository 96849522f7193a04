"""Episodes on disk: written while they happen, read lazily, never half finished."""
