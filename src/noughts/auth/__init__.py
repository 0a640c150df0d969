"""Proof that they are who they say: the Authentication Service."""
