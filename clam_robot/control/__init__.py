"""The loop that observes, asks a policy, limits and acts, and everything that keeps it safe."""
