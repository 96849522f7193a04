"""The whole path on a simulated arm, as one command."""
