"""Telling what was measured: on the terminal, as a page, as a picture."""
