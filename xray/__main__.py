"""``python -m xray``."""

import sys

from xray.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
