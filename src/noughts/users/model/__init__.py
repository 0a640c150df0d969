"""What an account is, and what may become of it."""
