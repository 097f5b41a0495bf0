"""`python -m pmtech` is the `pmtech` command, for when the command is not on the path."""

import sys

from pmtech.install.cli import main

sys.exit(main())
