"""`python -m conformance SUITE [--corpus FOLDER] [--report FILE] [--only REGEX]`: the suite and its figure.

The last line is `passed N of M`. The exit code is 0 where nothing failed that is not known to.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from conformance import hasura, postgrest
from conformance.outcome import Outcome

SUITES = {"hasura": hasura, "postgrest": postgrest}


def main() -> int:
    parser = argparse.ArgumentParser(prog="conformance", description=__doc__)
    parser.add_argument("suite", choices=[*SUITES])
    parser.add_argument("--corpus", type=Path, help="the folder of the cases")
    parser.add_argument("--report", type=Path, help="where to write each case's outcome, as JSON")
    parser.add_argument("--only", help="a regular expression for the cases' ids and titles")
    arguments = parser.parse_args()
    suite = SUITES[arguments.suite]
    corpus = suite.find_corpus(arguments.corpus)
    if corpus is None:
        print(f"skipped: {suite.CORPUS} is not there", flush=True)
        return 1 if os.environ.get("CI") == "true" else 0
    outcome = suite.run(corpus, arguments.only)
    if arguments.report:
        cases = [case._asdict() for case in (*outcome.counted, *outcome.apart)]
        arguments.report.write_text(json.dumps(cases, indent=1, ensure_ascii=False))
    known = suite.known_failures()
    _print(outcome, known)
    return 0 if all(case.passed or case.id in known for case in outcome.counted) else 1


def _print(outcome: Outcome, known: dict[str, str]) -> None:
    for case in outcome.counted:
        if not case.passed:
            print(f"{'known' if case.id in known else 'FAILS'}  {case.id}  {case.title}")
            for line in case.why:
                print(f"       {known.get(case.id) or line}")
    for case in outcome.apart:
        print(f"apart  {case.id}  {'passes' if case.passed else 'fails'}")
    if outcome.apart:
        print(f"apart: passed {sum(case.passed for case in outcome.apart)} of {len(outcome.apart)}")
    print(f"passed {sum(case.passed for case in outcome.counted)} of {len(outcome.counted)}")


if __name__ == "__main__":
    sys.exit(main())
