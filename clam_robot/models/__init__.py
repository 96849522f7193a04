"""Latent action models, latent policies, their baselines, and the checkpoints that carry them."""
