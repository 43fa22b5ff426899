"""`python -m rolewright`."""

from rolewright.cli import main

if __name__ == "__main__":  # a process that is spawned for --jobs imports this too
    main()
