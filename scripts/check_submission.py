"""Tell what is missing, altered, unreferenced or unsafe in an archive that was handed in; exit code 1 if anything is.

It compares each file with the archive's own manifest, and the figures and tables with what the report links to. So it finds accidents and
edits by hand, not a manifest that was forged with them. Python 3.11 or newer is all it needs.
"""

import argparse
from pathlib import Path

from paliflow import errors
from paliflow.arguments import Parser
from paliflow.report import submission_check


def main() -> None:
    """Read the command line, check and tell."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, metavar="ZIP", help="the archive, HW{n}_{LastName}_{StudentNumber}.zip")
    findings = submission_check.check(parser.parse_args().archive)
    if findings.faults:
        print("\n".join(findings.faults))
        count = len(findings.faults)
        raise errors.InputError(f"{count} {'fault' if count == 1 else 'faults'} found: have the archive packed and handed in again.")
    print(findings.summary)


if __name__ == "__main__":
    errors.run(main)
