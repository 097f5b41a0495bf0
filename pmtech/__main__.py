"""The `pmtech` command, also as `python -m pmtech` for when it is not on the path."""

import sys


def main():
    """Run the command. Ctrl + C is answered from the first moment on, hence the import in here."""
    try:
        from pmtech.install.cli import main as run
    except KeyboardInterrupt:
        return "\nStopped."
    return run()


if __name__ == "__main__":
    sys.exit(main())
