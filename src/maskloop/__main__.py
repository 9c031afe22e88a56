"""The terminal as ``python -m maskloop``."""

from maskloop.cli import main

main()
