"""Who they are: the User Service."""
