"""From episodes to a checkpoint: one file per stage."""
