"""What a game is, what may become of it, and how it is shown."""
