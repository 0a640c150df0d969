"""`python -m noughts`."""

from noughts.cli import main

main()
