"""What the tools of this folder share: values as the texts that Grammar may accept, and the test SchemaOracle, which reads them."""
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile

ORDERS = 720  # of the properties of one instance that are tried
COMMAND = ["swift", "test", "--filter", "SchemaOracle"]


def split_command(arguments):
    """The arguments before `--`, and the command after it or the usual one."""
    if "--" not in arguments:
        return arguments, COMMAND
    place = arguments.index("--")
    return arguments[:place], arguments[place + 1 :]


def number(value):
    return int(value) if isinstance(value, float) and value == int(value) and abs(value) < 1e18 else value


def spelled(value):
    """The text of a value, its properties in their order."""
    if isinstance(value, list):
        return "[" + ", ".join(map(spelled, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(json.dumps(key, ensure_ascii=False) + ": " + spelled(item) for key, item in value.items()) + "}"
    return json.dumps(number(value), ensure_ascii=False)


def spellings(value):
    """Texts of a value, one for each order of its properties; at most ORDERS."""
    if isinstance(value, list):
        parts = itertools.product(*[spellings(item) for item in value])
        return ["[" + ", ".join(items) + "]" for items in itertools.islice(parts, ORDERS)]
    if isinstance(value, dict):
        members = [[json.dumps(key, ensure_ascii=False) + ": " + text for text in spellings(item)] for key, item in value.items()]
        orders = itertools.islice(itertools.permutations(members), ORDERS)
        texts = ("{" + ", ".join(items) + "}" for order in orders for items in itertools.product(*order))
        return list(itertools.islice(texts, ORDERS))
    return [spelled(value)]


def has_lone_surrogate(text):
    return re.search("[\ud800-\udfff]", text) is not None


def ask(cases, command, **variables):
    """What SchemaOracle says about each case; variables go to it as RG_EDGE_SCHEMA_…."""
    with tempfile.TemporaryDirectory() as folder:
        questions, answers = folder + "/cases", folder + "/results"
        with open(questions, "w") as file:
            for case in cases:
                file.write(json.dumps(case, ensure_ascii=False) + "\n")
        environment = dict(os.environ, RG_EDGE_SCHEMA_CASES=questions, RG_EDGE_SCHEMA_RESULTS=answers)
        environment |= {"RG_EDGE_SCHEMA_" + name.upper(): value for name, value in variables.items() if value}
        run = subprocess.run(command, env=environment, capture_output=True, text=True)
        if not os.path.exists(answers):
            sys.exit(f"no results from {' '.join(command)}:\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
        with open(answers) as file:
            return [json.loads(line) for line in file]


def without_path(reason):
    """What is wrong, less the place where it is; of a keyword's own message the keyword is left."""
    return re.sub(r"^#\S*/", "", reason)
