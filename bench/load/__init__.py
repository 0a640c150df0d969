"""The load generator: one thread, raw sockets, and a gauge on itself."""
