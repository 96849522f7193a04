"""The `clam` command: one file per verb, wiring only."""
