"""Ways to compute an actor's pass on a CPU: the same answers, in less time."""
