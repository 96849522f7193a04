"""Policies over the network: a FastAPI server and the client that is itself a policy."""
