"""What a session is, and what proves who somebody is."""
