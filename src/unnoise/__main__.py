"""``python -m unnoise`` is the command line."""

from unnoise.cli import main

if __name__ == "__main__":
    main()
