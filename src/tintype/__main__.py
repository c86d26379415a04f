"""``python -m tintype``."""

from tintype.cli.app import main

main()
