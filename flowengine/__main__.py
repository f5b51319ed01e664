"""`python -m flowengine`: see `flowengine.cli`."""

import sys

from flowengine.cli import main

sys.exit(main())
