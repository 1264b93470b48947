#!/usr/bin/env python3
"""Has schemathesis make up requests from rg-edge-serve's own document, right and wrong ones, and check the answers with it.

    tools/serve/hostile_trials/schemathesis_trial.py --examples 500 --server rg-edge-serve -m MODEL.rgq

All of its checks are made but one: a request that fits the document may be refused, since a JSON schema or a regular expression in
it may be none, and tokens may be none of the model's. Ends with 1 if it finds anything, or the server doesn't end as it should.
"""
import collections
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
sys.dont_write_bytecode = True
import trial as support  # noqa: E402


def main():
    made = support.parser("tools/serve/hostile_trials/schemathesis_trial.py", __doc__)
    made.add_argument("--examples", type=int, default=100, help="for each operation")
    made.add_argument("--seed", type=int, default=1)
    given = support.arguments(made)
    counts = collections.Counter(passed=0, failed=0, skipped=0)
    with support.Servers(given) as servers, tempfile.TemporaryDirectory() as work:
        address = servers("--max-tokens", "8", "--session-memory", "16M").address if given.server else servers().address
        command = [
            sys.executable, "-m", "schemathesis.cli", "run", address + "/openapi.json", "--phases", "examples,coverage,fuzzing",
            "--checks", "all", "--exclude-checks", "positive_data_acceptance",
            "--max-examples", str(given.examples), "--seed", str(given.seed), "--workers", "2",
            "--request-timeout", "60", "--suppress-health-check", "all", "--warnings", "off", "--continue-on-failure"]
        environment = {**os.environ, "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1",
                       "SCHEMATHESIS_HOOKS": "schemathesis_hooks"}
        outcome = subprocess.run(command, env=environment, cwd=work)
        counts["failed" if outcome.returncode else "passed"] += 1
        health = support.ask(address, "GET", "/health", seconds=5)
        counts["passed" if health.status == 200 else "failed"] += 1
    support.finish("tools/serve/hostile_trials/schemathesis_trial.py", counts, servers)


if __name__ == "__main__":
    main()
