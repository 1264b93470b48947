#!/usr/bin/env python3
"""Holds every answer of rg-edge-serve, and every event of its streams, against OpenAI's public specification.

    tools/serve/client_trials/openai_specification.py --server rg-edge-serve -m MODEL.rgq
    tools/serve/client_trials/openai_specification.py --spec openapi.json --server rg-edge-serve -m MODEL.rgq

The specification is 3 MB and not ours to keep. But the classes of the package `openai` are made of it: by default answers are read
strictly as those, with all members that they need; which members the specification wants though they may be null, the classes don't
tell, so REQUIRED does. With --spec the answers are held against the document itself (github.com/openai/openai-openapi), by
`jsonschema`. Our own answers besides OpenAI's are held against our own document in both cases. Ends with 1 if anything doesn't fit.
"""
import json
import pathlib
import sys

import jsonschema
import pydantic
from openai import pagination, types
from openai.types import chat, responses

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.dont_write_bytecode = True
import trial as support  # noqa: E402
from trial import ask, events, trial  # noqa: E402

OWN = pathlib.Path(__file__).resolve().parents[3] / "Sources" / "Serving" / "Resources" / "openapi.json"
MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Who made the heaven and the earth?"}]
PARAMETERS = {"type": "object", "properties": {"room": {"enum": ["hall", "attic"]}}, "required": ["room"],
              "additionalProperties": False}
SCHEMA = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 9}}, "required": ["name"],
          "additionalProperties": False}
FUNCTION = {"type": "function", "function": {"name": "light", "description": "A light", "parameters": PARAMETERS}}
CHAT = {
    "plain": {}, "cut": {"max_tokens": 1}, "empty": {"max_tokens": 0}, "several": {"n": 3},
    "logprobs": {"logprobs": True, "top_logprobs": 3},
    "tools": {"tools": [FUNCTION], "tool_choice": "required", "max_tokens": 100},
    "tools not called": {"tools": [FUNCTION], "tool_choice": "none"},
    "schema": {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA, "strict": True}},
               "max_tokens": 100},
    "stopped": {"stop": [" ", "e"], "max_tokens": 100}}
TEXT = {"plain": {}, "empty": {"max_tokens": 0}, "several": {"n": 2}, "texts": {"prompt": ["In the", "And God"]},
        "logprobs": {"logprobs": 2}, "echo": {"echo": True}}
FLAT = {"type": "function", "name": "light", "description": "A light", "parameters": PARAMETERS, "strict": False}
RESPONSES = {
    "plain": {}, "cut": {"max_output_tokens": 16}, "instructed": {"instructions": "Be brief.", "temperature": 0.5, "top_p": 0.9},
    "tools": {"tools": [FLAT], "tool_choice": "required"},
    "named tool": {"tools": [FLAT], "tool_choice": {"type": "function", "name": "light"}},
    "schema": {"text": {"format": {"type": "json_schema", "name": "a", "schema": SCHEMA, "strict": True}}}}

# The classes for the specification's schemas.
CLASSES = {
    "CreateChatCompletionResponse": chat.ChatCompletion, "CreateChatCompletionStreamResponse": chat.ChatCompletionChunk,
    "CreateCompletionResponse": types.Completion, "ListModelsResponse": pagination.SyncPage[types.Model], "Model": types.Model,
    "Response": responses.Response, "ResponseStreamEvent": responses.ResponseStreamEvent}
# Members that may be null but not missing, by the paths of what has them; [] is each of an array.
CHOICE = {"choices[]": ["logprobs", "finish_reason"]}
REQUIRED = {
    "CreateChatCompletionResponse": {**CHOICE, "choices[].message": ["content", "refusal"],
                                     "choices[].logprobs": ["content", "refusal"],
                                     "choices[].logprobs.content[]": ["bytes"],
                                     "choices[].logprobs.content[].top_logprobs[]": ["bytes"]},
    "CreateChatCompletionStreamResponse": {"choices[]": ["finish_reason"], "choices[].logprobs": ["content", "refusal"],
                                           "choices[].logprobs.content[]": ["bytes"],
                                           "choices[].logprobs.content[].top_logprobs[]": ["bytes"]},
    "CreateCompletionResponse": CHOICE,
    "Response": {"": ["error", "incomplete_details", "instructions", "metadata", "temperature", "top_p"],
                 "tools[]": ["parameters", "strict"]},
    "ResponseStreamEvent": {"response": ["error", "incomplete_details", "instructions", "metadata", "temperature", "top_p"]}}


def values(value, path):
    """The values at a path; null ones have no members to ask for."""
    places = [value]
    for step in path.split(".") if path else []:
        name, many = step.removesuffix("[]"), step.endswith("[]")
        places = [place[name] for place in places if isinstance(place, dict) and place.get(name) is not None]
        if many:
            places = [item for place in places for item in place]
    return places


def current(schema):
    """A schema whose `nullable`, which OpenAI's document still has, is said as JSON Schema does."""
    if isinstance(schema, list):
        return [current(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: current(value) for name, value in schema.items() if name != "nullable"}
    return {"anyOf": [made, {"type": "null"}]} if schema.get("nullable") is True else made


class Specification:
    """Whether values are what the specification says, by its document or by the classes."""

    def __init__(self, file, own):
        self.document = current(json.loads(pathlib.Path(file).read_text())) if file else None
        self.own = own
        self.checked = 0

    def check(self, name, value):
        self.checked += 1
        if self.document:
            return self.valid(self.document, name, value)
        try:
            pydantic.TypeAdapter(CLASSES[name]).validate_json(json.dumps(value), strict=True)
        except pydantic.ValidationError as error:
            said = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
            raise AssertionError(f"no {name}: {'; '.join(said[:6])}\n    {json.dumps(value)[:600]}") from None
        for path, names in REQUIRED.get(name, {}).items():
            for place in values(value, path):
                missing = [each for each in names if each not in place]
                assert not missing, f"{name}: {path or 'it'} lacks {', '.join(missing)}\n    {json.dumps(place)[:600]}"

    def check_own(self, name, value):
        self.checked += 1
        self.valid(self.own, name, value)

    @staticmethod
    def valid(document, name, value):
        if name not in document["components"]["schemas"]:
            raise AssertionError(f"no schema {name}")
        schemas = document["components"]["schemas"]
        # Of a union, the errors of the other kinds say nothing.
        for each in schemas[name].get("anyOf", []):
            kind = each.get("$ref", "").split("/")[-1]
            if value.get("type") in schemas.get(kind, {}).get("properties", {}).get("type", {}).get("enum", []):
                name = kind
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(value))
        if error:
            raise AssertionError(f"no {name}: {error.json_path}: {error.message[:300]}\n    {json.dumps(value)[:600]}")


def whole_and_streamed(address, specification, path, requests, base, names, own):
    """Asks for each of the requests, whole and streamed, with the usage and without."""
    for title, fields in requests.items():
        body = {**base, **fields}
        answer = ask(address, "POST", path, body)
        assert answer.status == 200, f"{title}: {answer}"
        specification.check(names[0], answer.json)
        if own:
            specification.check_own(own[0], answer.json)
        for options in ({}, {"stream_options": {"include_usage": True}}) if len(own) > 1 else ({},):
            head, data, _ = events(address, path, {**body, "stream": True, **options})
            assert head.status == 200, f"{title}: {head.status}"
            for event in data:
                if event == "[DONE]":
                    continue
                specification.check(names[1], event)
                if len(own) > 1 and (own[1] != "Completion"):
                    specification.check_own(own[1], event)


@trial
def chat_completions(address, specification):
    """Chat completions, whole and in chunks."""
    names = ("CreateChatCompletionResponse", "CreateChatCompletionStreamResponse")
    whole_and_streamed(
        address, specification, "/v1/chat/completions", CHAT, {"model": "m", "messages": MESSAGES, "max_tokens": 16, "seed": 5},
        names, ("ChatCompletion", "ChatChunk"))


@trial
def completions(address, specification):
    """Completions, whole and in chunks. Those have no finish_reason before the end, as OpenAI's: the specification forgets that."""
    base = {"model": "m", "prompt": "In the beginning", "max_tokens": 8, "seed": 5}
    for title, fields in TEXT.items():
        answer = ask(address, "POST", "/v1/completions", {**base, **fields})
        assert answer.status == 200, f"{title}: {answer}"
        specification.check("CreateCompletionResponse", answer.json)
        specification.check_own("Completion", answer.json)
        for options in ({}, {"stream_options": {"include_usage": True}}):
            _, data, _ = events(address, "/v1/completions", {**base, **fields, "stream": True, **options})
            assert data[-1] == "[DONE]"
            for event in data[:-1]:
                event["choices"] = [{**choice, "finish_reason": choice["finish_reason"] or "stop"} for choice in event["choices"]]
                if event.get("usage", 0) is None:
                    del event["usage"]
                specification.check("CreateCompletionResponse", event)


@trial
def responses_of_text(address, specification):
    """Responses, whole and as events."""
    whole_and_streamed(
        address, specification, "/v1/responses", RESPONSES,
        {"model": "m", "input": "Who made the heaven?", "max_output_tokens": 100},
        ("Response", "ResponseStreamEvent"), ("Response",))


@trial
def models(address, specification):
    """The models."""
    listed = ask(address, "GET", "/v1/models").json
    specification.check("ListModelsResponse", listed)
    specification.check_own("Models", listed)
    specification.check("Model", ask(address, "GET", "/v1/models/" + listed["data"][0]["id"]).json)


@trial
def errors(address, specification):
    """Errors, for which there is no class: all four members, of their types."""
    for path, body in (("/v1/chat/completions", {"messages": []}), ("/v1/completions", {"prompt": 5}),
                       ("/v1/responses", {"input": "a", "temperature": -1}), ("/v1/none", {}), ("/tokenize", {}), ("/health", {})):
        answer = ask(address, "POST", path, body)
        assert answer.status >= 400, f"{path}: {answer}"
        error = answer.json["error"]
        assert set(error) == {"message", "type", "param", "code"}, f"{error}"
        assert isinstance(error["message"], str) and isinstance(error["type"], str), f"{error}"
        assert isinstance(error["param"], (str, type(None))) and isinstance(error["code"], (str, type(None))), f"{error}"
        specification.check_own("Error", answer.json)
        if specification.document:
            specification.check("ErrorResponse", answer.json)


@trial
def own_answers(address, specification):
    """What isn't OpenAI's is as our own document says; streams of Ollama's, line by line."""
    model = ask(address, "GET", "/v1/models").json["data"][0]["id"]
    short = {"stream": False, "options": {"num_predict": 5}}
    for method, path, body, name in (
            ("GET", "/health", None, "Health"), ("GET", "/slots", None, "Slots"),
            ("POST", "/tokenize", {"content": "a b"}, "Tokens"),
            ("POST", "/tokenize", {"content": "größe 🙂", "with_pieces": True}, "Tokens"),
            ("POST", "/detokenize", {"tokens": [5, 6]}, "Text"),
            ("POST", "/apply-template", {"messages": MESSAGES}, "Prompt"), ("GET", "/api/tags", None, "OllamaTags"),
            ("GET", "/api/ps", None, "OllamaProcesses"),
            ("POST", "/api/show", {"model": model}, "OllamaShow"), ("POST", "/api/show", {"model": model + "x"}, "OllamaError"),
            ("POST", "/api/chat", {"model": model, "messages": []}, "OllamaChat"),
            ("POST", "/api/chat", {"model": model, "messages": 1}, "OllamaError"),
            ("POST", "/api/chat", {"messages": MESSAGES}, "OllamaError"),
            ("POST", "/api/chat", {"model": model, "messages": MESSAGES, **short}, "OllamaChat"),
            ("POST", "/api/generate", {"model": model, "prompt": "In the", **short}, "OllamaGeneration")):
        specification.check_own(name, ask(address, method, path, body).json)
    for path, body, name in (("/api/chat", {"model": model, "messages": MESSAGES}, "OllamaChat"),
                             ("/api/generate", {"model": model, "prompt": "In the"}, "OllamaGeneration")):
        lines = support.stream(address, path, {**body, "options": {"num_predict": 8, "seed": 1}})
        head = next(lines)
        assert head.fields["Content-Type"].split(";")[0] == "application/x-ndjson", f"{head.fields['Content-Type']}"
        chunks = [json.loads(line) for line in lines]
        assert [chunk["done"] for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
        for chunk in chunks:
            specification.check_own(name, chunk)


def main():
    made = support.parser("tools/serve/client_trials/openai_specification.py", __doc__)
    made.add_argument("--spec", metavar="FILE", help="OpenAI's openapi.json")
    given = support.arguments(made)
    with support.Servers(given) as servers:
        address = servers("--max-tokens", "64").address if given.server else servers().address
        specification = Specification(given.spec, json.loads(OWN.read_text()))
        counts = support.run(support.collected(globals()), given, address, specification)
        print(f"{specification.checked} answers and events checked")
    support.finish("tools/serve/client_trials/openai_specification.py", counts, servers)


if __name__ == "__main__":
    main()
