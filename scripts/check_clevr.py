"""Check a CLEVR release, folder or zip: programs, answers, relations, pictures, splits, leaks and duplicates.

One line of JSON with counts goes to stdout, progress and the first example of each fault to stderr; the exit code is 0 where there is
no fault.
"""

import argparse
import json
from pathlib import Path

from paliflow import errors
from paliflow.arguments import Parser
from paliflow.clevr import check, findings
from paliflow.clevr.release import Release
from paliflow.errors import InputError


def main() -> None:
    told = "\n".join(f"  {name:27}{meaning}" for name, meaning in findings.FACTS.items())
    told += "\n\nfaults, each of which should be 0:\n" + "\n".join(f"  {name:27}{meaning}" for name, meaning in findings.FAULTS.items())
    parser = Parser(description=__doc__, epilog=f"counts:\n{told}", formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("release", type=Path, help="a folder in the layout of the CLEVR v1.0 release, or the release's zip")
    arguments = parser.parse_args()

    with Release.open(arguments.release) as release:
        found = check.check_release(release)
        counts = {name: found.counts[name] for name in (*findings.FACTS, *findings.FAULTS)}
        print(json.dumps({"path": str(arguments.release), "splits": release.splits()} | counts), flush=True)
    if faults := found.faults():
        listed = ", ".join(f"{name} {count}" for name, count in faults.items())
        raise InputError(f"{arguments.release} has faults ({listed}): mend what the lines above name, the first of each kind.")


if __name__ == "__main__":
    errors.run(main)
