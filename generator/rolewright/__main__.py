"""`python -m rolewright`."""

from rolewright.cli import main

main()
