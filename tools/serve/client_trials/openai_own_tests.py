#!/usr/bin/env python3
"""Runs openai-python's own tests of its API against rg-edge-serve: of chat completions, completions, models and responses.

    tools/serve/client_trials/openai_own_tests.py --tests openai-3.57.0 --server rg-edge-serve -m MODEL.rgq

FOLDER is the unpacked source distribution of the installed openai (`pip download --no-deps --no-binary :all: openai==VERSION`),
with pytest and pytest-asyncio beside it. Each test sends a request with few or with all parameters, and checks the types of the
answer, loosely and strictly. Some of them ask for what this server refuses by name, on purpose (REFUSED): there the refusal has to
be OpenAI's error with that name. Ends with 1 if anything else fails.
"""
import collections
import os
import pathlib
import re
import sys

import openai
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.dont_write_bytecode = True
import trial as support  # noqa: E402

# The tests of a file that are ours, by their names: the others are of stored completions. Those through aiohttp need one package
# more.
FILES = {
    "tests/api_resources/chat/test_completions.py": "create", "tests/api_resources/test_completions.py": "create",
    "tests/api_resources/test_models.py": "list|retrieve", "tests/api_resources/test_responses.py": "create"}
# What is refused, by the tests that ask for it: a search of the web; a text between two others; answers without any input, answers
# that are stored, or of stored conversations and prompts.
REFUSED = {
    r"/chat/test_completions.*with_all_params": ["web_search_options"],
    r"/test_completions.*with_all_params": ["suffix"],
    r"/test_responses.*with_all_params": ["background", "conversation", "previous_response_id", "prompt"],
    r"/test_responses": ["input"]}


class Recorder:
    """A plugin of pytest's that chooses the tests, and keeps what failed and what was refused."""

    def __init__(self):
        self.counts = collections.Counter(passed=0, failed=0, skipped=0)
        self.refused, self.failures = collections.Counter(), {}

    def pytest_collection_modifyitems(self, config, items):
        chosen = [item for item in items if re.search(FILES[item.nodeid.split("::")[0]], item.name) and "aiohttp" not in item.name]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        if report.outcome == "skipped":
            self.counts["skipped"] += 1
        elif report.outcome == "failed":
            error = call.excinfo.value
            fields = next((fields for pattern, fields in REFUSED.items() if re.search(pattern, item.nodeid)), [])
            is_meant = isinstance(error, openai.BadRequestError) and error.param in fields
            if is_meant and set(error.body) >= {"message", "type", "param", "code"}:
                self.counts["passed"] += 1
                self.refused[error.param] += 1
            else:
                self.counts["failed"] += 1
                param = f" (param {error.param!r})" if isinstance(error, openai.APIError) else ""
                self.failures[f"{item.nodeid} {report.when}"] = f"{type(error).__name__}: {error}{param}", str(report.longrepr)
        elif report.when == "call":
            self.counts["passed"] += 1
        return report


def main():
    made = support.parser("tools/serve/client_trials/openai_own_tests.py", __doc__)
    made.add_argument("--tests", metavar="FOLDER", required=True)
    given = support.arguments(made)
    recorder = Recorder()
    with support.Servers(given) as servers:
        # Some tests name no limit; those of models ask for one by this name.
        server = servers("--max-tokens", "32", "--name", "gpt-6-astra") if given.server else servers()
        # It is read when the tests are loaded.
        os.environ["TEST_API_BASE_URL"] = server.address + "/v1"
        os.chdir(given.tests)
        sys.path.insert(0, os.getcwd())
        status = pytest.main(["-q", "-q", "--no-header", "--no-summary", "-o", "addopts=", "-o", "filterwarnings=ignore",
                              "-p", "no:cacheprovider", *FILES], plugins=[recorder])
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) or not recorder.counts["passed"]:
        recorder.counts["failed"] += 1
        print(f"pytest ended with {status!r}")
    for name, (said, whole) in recorder.failures.items():
        print(f"{name} FAILED: {said[:500]}")
        if given.verbose:
            print(whole)
    print("refused by name, as meant: " + ", ".join(f"{name} {count}" for name, count in sorted(recorder.refused.items())))
    support.finish("tools/serve/client_trials/openai_own_tests.py", recorder.counts, servers)


if __name__ == "__main__":
    main()
