"""`python -m reports RUN...`: the report where the `llocust` command is not at hand."""

import sys

from reports.cli import report_main

sys.exit(report_main(sys.argv[1:]))
