"""`python -m tfppdnn`."""

import sys

from tfppdnn.cli import main

sys.exit(main())
