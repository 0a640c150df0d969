"""Who is measured: how each is started and spoken to."""
