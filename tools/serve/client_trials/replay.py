#!/usr/bin/env python3
"""Sends rg-edge-serve the requests of Home Assistant and Open WebUI, and reads of the answers what those would read.

    tools/serve/client_trials/replay.py --server rg-edge-serve -m MODEL.rgq

Both are too heavy to be installed for a test. The requests in recorded_requests/ were written after what their sources send
(home-assistant/core, open-webui/open-webui), MODEL being the name that the server gives its model; the functions here read as they
do. Standard library only. Ends with 1 if a client wouldn't get its answer.
"""
import datetime
import json
import pathlib
import re
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "support"))
sys.dont_write_bytecode = True
import trial as support  # noqa: E402
from trial import ask, stream  # noqa: E402


def openai_models(answer, request):
    """Both list models by their ids."""
    assert answer.json["object"] == "list" and all(model["id"] for model in answer.json["data"])


def openai_answer(answer, request):
    """A title or the like: the first choice's text, JSON if a schema was given, and the usage."""
    choice = answer.json["choices"][0]
    assert isinstance(choice["message"]["content"], str) and choice["message"]["role"] == "assistant"
    assert answer.json["usage"]["total_tokens"] > 0
    if "response_format" in request and choice["finish_reason"] == "stop":
        schema = request["response_format"]["json_schema"]["schema"]
        assert set(json.loads(choice["message"]["content"])) >= set(schema["required"])


def openai_chunks(lines, request):
    """The texts, and calls put together by their index, of a stream with its usage at the end if that was asked for."""
    text, calls, usage, ends, done = "", {}, None, [], False
    for line in lines:
        assert not done or not line, f"{line!r} after [DONE]"
        if not line.startswith("data: "):
            assert not line or line.startswith(":"), f"{line!r}"
            continue
        if line == "data: [DONE]":
            done = True
            continue
        chunk = json.loads(line[6:])
        assert "error" not in chunk, f"{chunk}"
        usage = chunk.get("usage") or usage
        for choice in chunk["choices"]:
            text += choice["delta"].get("content") or ""
            for call in choice["delta"].get("tool_calls") or []:
                into = calls.setdefault(call["index"], {"name": "", "arguments": "", "id": ""})
                into["id"] += call.get("id") or ""
                into["name"] += call["function"].get("name") or ""
                into["arguments"] += call["function"].get("arguments") or ""
            ends += [choice["finish_reason"]] if choice.get("finish_reason") else []
    assert done and len(ends) == 1, f"done {done}, ends {ends}"
    called_rightly(calls.values(), request, ends[0] == "length")
    assert (ends[0] == "tool_calls") == bool(calls) or ends[0] == "length", f"{ends} {calls}"
    if request.get("stream_options"):
        assert usage["prompt_tokens"] > 0 and usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def called_rightly(calls, request, cut=False):
    names = [tool.get("function", tool)["name"] for tool in request.get("tools") or []]
    for call in calls:
        assert call["name"] in names, f"{call['name']} was called"
        assert cut or isinstance(json.loads(call["arguments"]), dict)


def home_assistant_events(lines, request):
    """The events of a response: a message's pieces, calls with their arguments, and the end with its usage."""
    kinds, item, call, text, ended, calls, structure = [], None, None, "", None, [], ""
    for line in lines:
        if not line.startswith("data: "):
            assert not line or line[0] == ":" or line.startswith("event: "), f"{line!r}"
            continue
        if line == "data: [DONE]":
            continue
        event = json.loads(line[6:])
        kind = event["type"]
        kinds.append(kind)
        if kind == "response.output_item.added":
            item = event["item"]
            if item["type"] == "function_call":
                call = {key: item[key] for key in ("name", "arguments", "call_id")}
        elif kind == "response.output_text.delta":
            assert item["type"] == "message", "a text before its message"
            text += event["delta"]
        elif kind == "response.function_call_arguments.delta":
            call["arguments"] += event["delta"]
        elif kind == "response.function_call_arguments.done":
            calls.append(call)
        elif kind in ("response.completed", "response.incomplete"):
            ended = event["response"]
            assert ended["usage"]["input_tokens"] > 0 and ended["usage"]["output_tokens"] >= 0
        assert kind not in ("error", "response.failed"), f"{event}"
    assert ended, f"no end: {kinds[-3:]}"
    assert ended["status"] == "completed" or ended["incomplete_details"]["reason"] == "max_output_tokens"
    called_rightly(calls, request)
    if "text" in request and ended["status"] == "completed":
        structure = json.loads(text)
        assert set(structure) == set(request["text"]["format"]["schema"]["required"]), f"{structure}"


def openai_refusal(answer, request, refuses):
    """Both show the error's message."""
    error = answer.json["error"]
    assert answer.status == 400 and error["message"] and error["param"].startswith(refuses), f"{answer}"


def ollama_tags(answer, request):
    """Both take models by "model"; Open WebUI wants "name" too, and shows the details."""
    for model in answer.json["models"]:
        assert model["model"] and model["name"] and model["size"] > 0 and model["digest"], f"{model}"
        assert model["details"]["quantization_level"], f"{model}"
        moment(model["modified_at"])


def moment(text):
    """A time with its offset, as Open WebUI reads it."""
    assert datetime.datetime.fromisoformat(text).tzinfo, f"{text} has no offset"


def ollama_version(answer, request):
    """Three numbers."""
    assert len([int(part) for part in re.sub(r"^v|-.*", "", answer.json["version"]).split(".")]) == 3


def ollama_processes(answer, request):
    for model in answer.json["models"]:
        assert model["name"] and model["model"]
        moment(model["expires_at"])


def ollama_show(answer, request):
    assert "completion" in answer.json["capabilities"] and answer.json["details"] and isinstance(answer.json["model_info"], dict)


def ollama_answer(answer, request):
    """A whole answer, JSON if that was asked for; an empty prompt loads or unloads the model."""
    value = answer.json
    text = value["message"]["content"] if "message" in value else value["response"]
    assert value["done"] is True and isinstance(text, str), f"{value}"
    moment(value["created_at"])
    if request.get("format") and value["done_reason"] == "stop":
        assert set(json.loads(text)) >= set(request["format"]["required"])


def ollama_lines(lines, request):
    """Lines of JSON: pieces of the text, calls with arguments as objects, and the last with the counts and times."""
    values = [json.loads(line) for line in lines if line]
    assert values and [value["done"] for value in values] == [False] * (len(values) - 1) + [True]
    text = "".join(value["message"].get("content") or "" for value in values)
    assert all(value["message"]["role"] == "assistant" for value in values)
    for value in values:
        for call in value["message"].get("tool_calls") or []:
            assert isinstance(call["function"]["arguments"], dict)
            called_rightly([{"name": call["function"]["name"], "arguments": "{}"}], request)
    last = values[-1]
    assert last["done_reason"] in ("stop", "length") and last["total_duration"] > 0
    assert last["eval_count"] >= 0 and last["prompt_eval_count"] > 0
    assert last["eval_duration"] > 0 or last["eval_count"] == 0
    if request.get("format") and last["done_reason"] == "stop":
        assert set(json.loads(text)) >= set(request["format"]["required"])


def ollama_refusal(answer, request):
    assert answer.status == 400 and isinstance(answer.json["error"], str) and answer.json["error"], f"{answer}"


def replaced(value, name):
    """A request in which MODEL is the model's name."""
    tagged = json.dumps(name.removesuffix(":latest") + ":latest")
    return json.loads(json.dumps(value).replace('"MODEL:latest"', tagged).replace('"MODEL"', json.dumps(name)))


def replay(address, request, fields, name):
    method, path = request.get("method", "POST"), request["path"]
    body = replaced(request.get("body"), name)
    read = globals()[request["reads"]]
    more = [request["refuses"]] if "refuses" in request else []
    if body and body.get("stream") and not request["reads"].endswith("_refusal"):
        lines = stream(address, path, body, fields)
        head = next(lines)
        assert head.status == 200, f"{head.status} {' '.join(lines)[:500]}"
        kind = "application/x-ndjson" if path.startswith("/api/") else "text/event-stream"
        assert head.fields["Content-Type"].split(";")[0] == kind, f"{head.fields['Content-Type']}"
        read(list(lines), body)
    else:
        answer = ask(address, method, path, body, fields)
        assert more or request["reads"].endswith("_refusal") or answer.status == 200, f"{answer}"
        read(answer, body, *more)


def main():
    given = support.arguments(support.parser("tools/serve/client_trials/replay.py", __doc__))
    with support.Servers(given) as servers:
        address = (servers("--max-tokens", "200") if given.server else servers()).address
        name = ask(address, "GET", "/v1/models").json["data"][0]["id"]
        tags = ask(address, "GET", "/api/tags")
        tagged = tags.json["models"][0]["model"] if tags.status == 200 else name
        trials = []
        for file in sorted((FOLDER / "recorded_requests").glob("*.json")):
            recorded = json.loads(file.read_text())
            for request in recorded["requests"]:
                def one(request=request, fields=recorded["fields"]):
                    replay(address, request, fields, tagged if request["path"].startswith("/api/") else name)
                one.__name__ = f"{file.stem}: {request['what']}"
                one.__doc__ = recorded["client"]
                trials.append(one)
        counts = support.run(trials, given)
    support.finish("tools/serve/client_trials/replay.py", counts, servers)


if __name__ == "__main__":
    main()
