"""What schemathesis does before it sends a request: answers are kept short, whatever limit was made up."""
import schemathesis

LIMIT = 8
NAMES = {"max_tokens", "max_completion_tokens", "max_output_tokens", "num_predict"}


def shortened(value):
    """A request of which no valid limit is large, and none is missing where it has its place."""
    if isinstance(value, dict):
        for name in NAMES & set(value):
            if type(value[name]) in (int, float) and value[name] > LIMIT:
                value[name] = LIMIT if type(value[name]) is int else value[name]
        if isinstance(value.get("options"), dict):
            shortened(value["options"])


@schemathesis.hook
def before_call(context, case, kwargs):
    shortened(case.body)
