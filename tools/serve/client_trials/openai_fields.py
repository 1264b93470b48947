#!/usr/bin/env python3
"""Puts every field that rg-edge-serve knows before it through OpenAI's own client, and looks at what comes back.

    tools/serve/client_trials/openai_fields.py --server rg-edge-serve -m MODEL.rgq
    tools/serve/client_trials/openai_fields.py --address http://127.0.0.1:8080 --only stream,logprobs

Needs `openai` and `jsonschema` (tools/serve/clients installs them). Whatever the model says: the form has to be right, and the same
seed has to say the same, however it is asked. Ends with 1 if something doesn't hold.
"""
import asyncio
import contextlib
import http.client
import json
import pathlib
import socket
import sys
import tempfile
import threading

import jsonschema
import openai

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.dont_write_bytecode = True
import trial as support  # noqa: E402
from trial import Each, ask, events, eventually, metric, trial  # noqa: E402

QUESTION = [{"role": "user", "content": "Who made the heaven and the earth?"}]
NAMES = {
    "type": "object", "required": ["name", "age", "tags"], "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 12}, "age": {"type": "integer", "minimum": 0, "maximum": 120},
        "tags": {"type": "array", "items": {"enum": ["red", "green"]}, "maxItems": 3}}}
SCHEMAS = [
    NAMES,
    {"type": "object", "properties": {"open": {"type": "boolean"}, "until": {"type": ["string", "null"], "maxLength": 5}},
     "required": ["open", "until"], "additionalProperties": False},
    {"anyOf": [{"const": "yes"}, {"const": "no"}, {"type": "null"}]},
    {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 10}, "minItems": 2, "maxItems": 4},
    {"$defs": {"node": {"type": "object", "properties": {"value": {"enum": [1, 2]},
                                                         "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}},
                        "required": ["value", "next"], "additionalProperties": False}}, "$ref": "#/$defs/node"},
]
TOOLS = [
    {"type": "function", "function": {
        "name": "turn_on", "description": "Turns on a light", "parameters": {
            "type": "object", "properties": {"room": {"enum": ["kitchen", "hall"]},
                                             "brightness": {"type": "integer", "minimum": 1, "maximum": 100}},
            "required": ["room"], "additionalProperties": False}}},
    {"type": "function", "function": {
        "name": "get-time", "parameters": {"type": "object", "properties": {}, "additionalProperties": False}}},
]


def client_of(server, **options):
    """No retries, so that a failure is seen; an address of 127.0.0.1, so no proxy either."""
    return openai.OpenAI(**{"base_url": server.address + "/v1", "api_key": "any", "max_retries": 0, "timeout": 60, **options})


def chat(client, messages=None, **fields):
    return client.chat.completions.create(**{"model": "any", "messages": messages or QUESTION, "max_tokens": 24, "seed": 7,
                                             **fields})


def text(client, messages=None, **fields):
    return chat(client, messages, **fields).choices[0].message.content


def streamed(client, messages=None, **fields):
    """The text of a streamed answer, and its chunks."""
    chunks = list(chat(client, messages, stream=True, **fields))
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices), chunks


def long_text(client, length=12, **fields):
    """A seed, and its text of that many characters at least."""
    for seed in range(40):
        said = text(client, seed=seed, **fields)
        if len(said) >= length:
            return seed, said
    raise AssertionError(f"no answer of {length} characters with 40 seeds")


def refused(call, kind, param=None, code=None):
    """The error of a call; of the given class, with all four members. For a member that is missing, param may be what misses it."""
    try:
        call()
    except kind as error:
        assert type(error) is kind, f"{type(error).__name__}, not {kind.__name__}"
        body = error.body
        assert isinstance(body, dict) and {"message", "type", "param", "code"} <= set(body), f"the error's members: {body!r}"
        assert isinstance(body["message"], str) and body["message"] and isinstance(body["type"], str), f"{body!r}"
        if param is not None:
            given = body["param"] or "nothing"
            assert given.startswith(param) or param.startswith(given), f"param is {body['param']!r}, not {param}: {body['message']}"
        if code is not None:
            assert body["code"] == code, f"code is {body['code']!r}, not {code}"
        return error
    raise AssertionError(f"taken, not refused with {kind.__name__} for {param}")


@trial
def models(servers, server, client):
    """The list has one model, which can be had by its name, and its name is in answers whatever name was asked for."""
    listed = list(client.models.list())
    assert len(listed) == 1, f"{listed}"
    assert client.models.retrieve(listed[0].id) == listed[0]
    assert chat(client, max_tokens=1).model == listed[0].id
    assert chat(client, max_tokens=1, model=listed[0].id).model == listed[0].id


@trial
def strict_model(servers, server, client):
    """With --strict-model another name isn't found, and the right one is."""
    with servers.new("--strict-model") as strict:
        own = client_of(strict)
        name = list(own.models.list())[0].id
        assert chat(own, model=name, max_tokens=1).model == name
        refused(lambda: chat(own, model="gpt-none"), openai.NotFoundError, code="model_not_found")
        refused(lambda: own.models.retrieve("gpt-none"), openai.NotFoundError, code="model_not_found")


@trial
def roles(servers, server, client):
    """developer is system; a conversation, consecutive messages of a role and names are taken."""
    texts = [text(client, [{"role": role, "content": "Be brief."}, *QUESTION]) for role in ("system", "developer")]
    assert texts[0] == texts[1], f"{texts}"
    plain = [ask(server.address, "POST", "/apply-template", {"messages": messages}).json["prompt"] for messages in (
        QUESTION, [{"role": "system", "content": "Be brief."}, *QUESTION])]
    assert "Be brief." not in plain[0] and "Be brief." in plain[1]
    history = [*QUESTION, {"role": "assistant", "content": "God."}, {"role": "user", "content": "When?", "name": "Ann"}]
    assert text(client, history) is not None
    assert text(client, [*QUESTION, *QUESTION, {"role": "system", "content": "Late."}, *history]) is not None
    assert text(client, [{"role": "system", "content": "Only this."}]) is not None
    refused(lambda: chat(client, [{"role": "owner", "content": "x"}]), openai.BadRequestError, "messages[0].role")


@trial
def parts(servers, server, client):
    """Content in parts is what it is in one text; parts that aren't text are refused by their place."""
    whole = QUESTION[0]["content"]
    split = [{"role": "user", "content": [{"type": "text", "text": whole[:9]}, {"type": "text", "text": whole[9:]}]}]
    assert text(client, split) == text(client)
    image = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]
    refused(lambda: chat(client, [{"role": "user", "content": image}]), openai.BadRequestError, "messages[0].content[1]")


@trial
def nulls(servers, server, client):
    """null for every optional field is as if it weren't there, and unknown fields change nothing."""
    fields = [
        "temperature", "top_p", "n", "stop", "logprobs", "top_logprobs", "logit_bias", "response_format",
        "presence_penalty", "frequency_penalty",
        "tools", "tool_choice", "max_completion_tokens", "stream", "stream_options", "user", "metadata", "store", "service_tier",
        "parallel_tool_calls", "reasoning_effort", "top_k", "min_p", "repeat_penalty", "modalities", "audio", "prediction",
        "functions"]
    body = {"model": None, "messages": QUESTION, "max_tokens": 24, "seed": 7}
    answer = ask(server.address, "POST", "/v1/chat/completions", {**body, **dict.fromkeys(fields)})
    assert answer.status == 200, f"{answer}"
    expected = text(client)
    assert answer.json["choices"][0]["message"]["content"] == expected
    unknown = {"unheard_of": {"a": [1]}, "user": "me", "store": True, "metadata": {"a": "b"}, "service_tier": "auto",
               "prompt_cache_key": "k"}
    answer = ask(server.address, "POST", "/v1/chat/completions", {**body, **unknown, "model": "x"})
    assert answer.json["choices"][0]["message"]["content"] == expected
    answer = ask(server.address, "POST", "/v1/chat/completions",
                 {**body, "seed": None, "max_tokens": None, "max_completion_tokens": 3})
    assert answer.json["usage"]["completion_tokens"] <= 3


@trial
def prefill(servers, server, client):
    """An assistant's last message is the beginning of the answer."""
    messages = [*QUESTION, {"role": "assistant", "content": "In the beginning"}]
    prompt = ask(server.address, "POST", "/apply-template", {"messages": messages}).json["prompt"]
    assert prompt.endswith("In the beginning"), f"{prompt[-60:]!r}"
    said = chat(client, messages)
    assert said.choices[0].message.content != text(client)
    assert text(client, messages) == said.choices[0].message.content


@trial
def stop(servers, server, client):
    """The answer ends before a stop text, of which nothing is ever sent, streamed or not."""
    seed, whole = long_text(client, 20, max_tokens=40)
    middle = whole[9:13]
    for given in (middle, [middle], ["never said 1", middle, "never said 2", "never said 3"]):
        answer = chat(client, seed=seed, max_tokens=40, stop=given).choices[0]
        assert answer.message.content == whole[: whole.index(middle)], f"{answer.message.content!r} of {whole!r}, stop {middle!r}"
        assert answer.finish_reason == "stop"
        said, chunks = streamed(client, seed=seed, max_tokens=40, stop=given)
        assert said == answer.message.content, f"streamed {said!r}"
    assert text(client, seed=seed, max_tokens=40, stop=["never said"]) == whole
    assert streamed(client, seed=seed, max_tokens=40, stop=whole[-2:] + "never said")[0] == whole
    refused(lambda: chat(client, stop=["a"] * 17), openai.BadRequestError, "stop")


@trial
def several_answers(servers, server, client):
    """n answers of one prompt, which is counted once; the same again and streamed."""
    whole = chat(client, n=3, temperature=1.5)
    assert [choice.index for choice in whole.choices] == [0, 1, 2]
    texts = [choice.message.content for choice in whole.choices]
    assert len(set(texts)) > 1, f"all answers are {texts[0]!r}"
    assert [choice.message.content for choice in chat(client, n=3, temperature=1.5).choices] == texts
    assert whole.usage.prompt_tokens == chat(client, max_tokens=1).usage.prompt_tokens
    by_index, roles_seen, ends = ["", "", ""], [0, 0, 0], [0, 0, 0]
    for chunk in chat(client, n=3, temperature=1.5, stream=True):
        for choice in chunk.choices:
            by_index[choice.index] += choice.delta.content or ""
            roles_seen[choice.index] += choice.delta.role is not None
            ends[choice.index] += choice.finish_reason is not None
    assert by_index == texts, f"{by_index} and {texts}"
    assert roles_seen == ends == [1, 1, 1], f"{roles_seen} {ends}"
    assert chat(client, n=1, temperature=1.5).choices[0].message.content == texts[0], "the first of 3 isn't the only one"
    assert len(chat(client, n=16, max_tokens=2).choices) == 16
    for wrong in (0, 17):
        refused(lambda: chat(client, n=wrong), openai.BadRequestError, "n")


@trial
def seeds(servers, server, client):
    """A seed gives the same text again, streamed, and among others; other seeds give others."""
    texts = {seed: text(client, seed=seed, temperature=1) for seed in (0, 1, 2, -5, 2**53, -9007199254740991)}
    assert len(set(texts.values())) >= 3, f"{texts}"
    for seed, said in texts.items():
        assert text(client, seed=seed, temperature=1) == said
        assert streamed(client, seed=seed, temperature=1)[0] == said
    assert text(client, temperature=0, seed=1) == text(client, temperature=0, seed=2)
    text(client, temperature=0, seed=openai.omit)

    async def together():
        async with openai.AsyncOpenAI(base_url=server.address + "/v1", api_key="any", max_retries=0) as many:
            async def one(seed):
                answer = await many.chat.completions.create(model="m", messages=QUESTION, max_tokens=24, seed=seed, temperature=1)
                return answer.choices[0].message.content
            return await asyncio.gather(*[one(seed) for seed in list(texts) * 2])
    assert asyncio.run(together()) == list(texts.values()) * 2


@trial
def logprobs(servers, server, client):
    """The tokens' texts and bytes make up the answer, the likeliest ones are in order, and streams have the same."""
    whole = chat(client, logprobs=True, top_logprobs=5)
    content = whole.choices[0].logprobs.content
    said = whole.choices[0].message.content
    assert b"".join(bytes(token.bytes) for token in content).decode(errors="replace").startswith(said), f"{said!r}"
    assert len(content) in (whole.usage.completion_tokens, whole.usage.completion_tokens - 1)
    for token in content:
        assert token.logprob <= 0 and len(token.top_logprobs) == 5
        values = [top.logprob for top in token.top_logprobs]
        assert values == sorted(values, reverse=True) and all(value <= 0 for value in values)
    assert all(not token.top_logprobs for token in chat(client, logprobs=True).choices[0].logprobs.content)
    assert chat(client).choices[0].logprobs is None
    pieces = [token for chunk in streamed(client, logprobs=True, top_logprobs=5)[1] for choice in chunk.choices if choice.logprobs
              for token in choice.logprobs.content or []]
    assert [(p.token, p.bytes, round(p.logprob, 4)) for p in pieces] == [(p.token, p.bytes, round(p.logprob, 4)) for p in content]
    assert text(client) == said, "logprobs change the answer"
    greedy = chat(client, temperature=0, logprobs=True, top_logprobs=2).choices[0].logprobs.content
    assert all(token.token == token.top_logprobs[0].token for token in greedy)
    assert len(chat(client, max_tokens=1, logprobs=True, top_logprobs=20).choices[0].logprobs.content[0].top_logprobs) == 20
    refused(lambda: chat(client, logprobs=True, top_logprobs=21), openai.BadRequestError, "top_logprobs")
    refused(lambda: chat(client, top_logprobs=2), openai.BadRequestError, "top_logprobs")


@trial
def logit_bias(servers, server, client):
    """A bias of 100 is always taken and one of -100 never; a name that is no token is refused unless its bias is 0."""
    chosen = ask(server.address, "POST", "/tokenize", {"content": "x the"}).json["tokens"][-1]
    piece = ask(server.address, "POST", "/detokenize", {"tokens": [chosen, chosen]}).json["content"][-4:]
    said = text(client, temperature=0, max_tokens=4, logit_bias={str(chosen): 100})
    assert said.strip() == (piece * 4).strip(), f"{said!r} of {piece!r}"
    content = chat(client, temperature=0, max_tokens=4, logit_bias={str(chosen): -100}, logprobs=True).choices[0].logprobs.content
    assert all(token.token != piece for token in content)
    assert text(client, logit_bias={"foo": 0, str(chosen): 0}) == text(client)
    with Each() as each:
        for wrong in ({"foo": 1}, {"99999999": 1}, {"-1": 1}, {str(chosen): 1001}, {str(chosen): "x"}):
            each(wrong, refused, lambda: chat(client, logit_bias=wrong), openai.BadRequestError, "logit_bias")


@trial
def sampling(servers, server, client):
    """All parameters of sampling are taken within their limits and refused by their names beyond."""
    limits = {
        "temperature": ([0, 0.5, 2], [-0.1, 101]), "top_p": ([0.1, 1], [-0.1, 1.1]), "top_k": ([-1, 0, 1, 40], [-2]),
        "min_p": ([0, 0.05, 1], [-0.1, 1.1]),
        "presence_penalty": ([-2, 2], [-101, 101]), "frequency_penalty": ([-2, 2], [-101, 101]),
        "repeat_penalty": ([1, 1.1, 0.5], [0, -1])}
    with Each() as each:
        for name, (good, wrong) in limits.items():
            for value in good:
                each(f"{name} {value}", text, client, extra_body={name: value})
            for value in wrong + ["much", [1], {}, True]:
                each(f"{name} {value}", refused, lambda: chat(client, extra_body={name: value}), openai.BadRequestError, name)
    assert text(client, temperature=2, extra_body={"top_k": 1}) == text(client, temperature=0)
    varied = {text(client, temperature=0, extra_body=extra) for extra in (
        {}, {"repeat_penalty": 2.0}, {"presence_penalty": 2}, {"frequency_penalty": 2})}
    assert len(varied) > 1, "penalties change nothing"


@trial
def limits_of_length(servers, server, client):
    """max_completion_tokens goes before max_tokens; an answer that is cut ends for its length; 0 is nothing."""
    seed, _ = long_text(client, 20)
    answer = chat(client, seed=seed, max_tokens=9, max_completion_tokens=3)
    assert answer.usage.completion_tokens == 3 and answer.choices[0].finish_reason == "length", f"{answer}"
    answer = chat(client, max_tokens=0)
    assert answer.choices[0].message.content == "" and answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 0
    assert len(streamed(client, max_tokens=0)[1]) >= 2
    with Each() as each:
        for name in ("max_tokens", "max_completion_tokens"):
            for wrong in (-2, 1.5, "3"):
                each(f"{name} {wrong!r}", refused, lambda: chat(client, extra_body={name: wrong}), openai.BadRequestError, name)


@trial
def json_schemas(servers, server, client):
    """An answer of a given schema that is finished is valid, streamed too; json_object is an object."""
    finished = 0
    for schema in SCHEMAS:
        form = {"type": "json_schema", "json_schema": {"name": "form", "schema": schema, "strict": True}}
        for seed in range(4):
            answer = chat(client, seed=seed, temperature=1, max_tokens=200, response_format=form).choices[0]
            if answer.finish_reason == "length":
                continue
            finished += 1
            jsonschema.validate(json.loads(answer.message.content), schema)
            if seed == 0:
                assert streamed(client, seed=seed, temperature=1, max_tokens=200, response_format=form)[0] == answer.message.content
    assert finished >= 2 * len(SCHEMAS), f"{finished} answers of {4 * len(SCHEMAS)} were finished"
    for seed in range(6):
        answer = chat(client, seed=seed, temperature=0.7, max_tokens=300, response_format={"type": "json_object"}).choices[0]
        if answer.finish_reason == "stop":
            assert isinstance(json.loads(answer.message.content), dict), f"seed {seed}: {answer.message.content!r}"
    assert text(client, response_format={"type": "text"}) == text(client)


@trial
def schemas_refused(servers, server, client):
    """What of a schema isn't supported, or is none, is refused by its place."""
    def form(schema):
        return {"type": "json_schema", "json_schema": {"name": "form", "schema": schema}}
    with Each() as each:
        for schema in ({"type": "array", "unevaluatedItems": False}, {"type": "object", "properties": {"a": {"$dynamicRef": "#x"}}},
                       {"$ref": "https://example.com/schema"}, {"type": "strin"}, {"type": "string", "pattern": "(?=x)"}):
            each(schema, refused, lambda: chat(client, response_format=form(schema)), openai.BadRequestError,
                 "response_format.json_schema.schema")
        each("yaml", refused, lambda: chat(client, response_format={"type": "yaml"}), openai.BadRequestError,
             "response_format.type")
        each("no schema", refused, lambda: chat(client, response_format={"type": "json_schema"}), openai.BadRequestError,
             "response_format.json_schema")


def called(answer):
    """The only call of an answer, its arguments read."""
    message = answer.choices[0].message
    assert message.tool_calls and len(message.tool_calls) == 1, f"no call: {answer}"
    call = message.tool_calls[0]
    assert call.id and call.type == "function"
    return call.function.name, json.loads(call.function.arguments)


@trial
def tools(servers, server, client):
    """A required or named tool is called with valid arguments, none isn't, auto may be; the conversation goes on after it."""
    schemas = {tool["function"]["name"]: tool["function"]["parameters"] for tool in TOOLS}
    for choice in ("required", {"type": "function", "function": {"name": "turn_on"}},
                   {"type": "function", "function": {"name": "get-time"}}):
        for seed in range(3):
            answer = chat(client, seed=seed, temperature=1, max_tokens=200, tools=TOOLS, tool_choice=choice)
            assert answer.choices[0].finish_reason == "tool_calls", f"finish_reason is {answer.choices[0].finish_reason}"
            name, values = called(answer)
            jsonschema.validate(values, schemas[name])
            assert choice == "required" or name == choice["function"]["name"]
    call = answer.choices[0].message
    assert chat(client, tools=TOOLS, tool_choice="none").choices[0].message.tool_calls is None
    for fields in ({}, {"tool_choice": "auto"}, {"parallel_tool_calls": False}):
        choice = chat(client, tools=TOOLS, **fields).choices[0]
        assert (choice.finish_reason == "tool_calls") == bool(choice.message.tool_calls)
    history = [*QUESTION, call.to_dict(), {"role": "tool", "tool_call_id": call.tool_calls[0].id, "content": "12:00"}]
    assert chat(client, history, tools=TOOLS, tool_choice="none").choices[0].message.content is not None
    with_parts = [*history[:-1], {**history[-1], "content": [{"type": "text", "text": "12:00"}]}]
    assert text(client, with_parts, tools=TOOLS, tool_choice="none") == text(client, history, tools=TOOLS, tool_choice="none")


@trial
def tools_streamed(servers, server, client):
    """A streamed call has its id and name once, first, and the same arguments as the whole one."""
    fields = {"tools": TOOLS, "tool_choice": "required", "max_tokens": 200}
    expected = called(chat(client, **fields))
    _, chunks = streamed(client, **fields)
    deltas = [call for chunk in chunks for choice in chunk.choices for call in choice.delta.tool_calls or []]
    assert deltas and all(delta.index == 0 for delta in deltas)
    assert deltas[0].id and deltas[0].type == "function" and deltas[0].function.name == expected[0], f"{deltas[0]}"
    assert all(delta.id is None and delta.function.name is None for delta in deltas[1:]), "an id or name comes twice"
    assert json.loads("".join(delta.function.arguments or "" for delta in deltas)) == expected[1]
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason] == ["tool_calls"]
    with client.chat.completions.stream(model="m", messages=QUESTION, seed=7, **fields) as stream:
        final = stream.get_final_completion()
    assert called(final) == expected


@trial
def tools_refused(servers, server, client):
    """A choice of no tool, and tools that are none, are refused by their places."""
    wrong = {"type": "function", "function": {
        "name": "a", "parameters": {"type": "object", "properties": {"x": {"unevaluatedItems": False}}}}}
    with Each() as each:
        for title, fields, param in (
                ("an unknown one", {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool"),
                ("required without any", {"tool_choice": "required"}, "tool"),
                ("without a function", {"tools": [{"type": "function"}]}, "tools[0].function"),
                ("an unsupported schema", {"tools": [wrong], "tool_choice": "required"}, "tools[0].function.parameters")):
            each(title, refused, lambda: chat(client, **fields), openai.BadRequestError, param)


@trial
def parsed(servers, server, client):
    """The client's helper for classes gets one of them."""
    import pydantic

    class Person(pydantic.BaseModel):
        name: str = pydantic.Field(max_length=12)
        age: int = pydantic.Field(ge=0, le=120)

    for seed in range(8):
        try:
            answer = client.chat.completions.parse(model="m", messages=QUESTION, response_format=Person, seed=seed, max_tokens=400,
                                                   temperature=0.8)
        except openai.LengthFinishReasonError:
            continue
        assert isinstance(answer.choices[0].message.parsed, Person)
        return
    raise AssertionError("no answer of 8 was finished")


@trial
def stream_shape(servers, server, client):
    """A stream has a chunk of the role, of texts, an empty one with its end, one of usage and timings if asked for, and [DONE]."""
    body = {"messages": QUESTION, "max_tokens": 24, "seed": 7, "stream": True}
    for include in (True, False):
        fields = {"stream_options": {"include_usage": True}} if include else {}
        head, data, comments = events(server.address, "/v1/chat/completions", {**body, **fields})
        assert head.status == 200 and head.fields["Content-Type"].split(";")[0] == "text/event-stream"
        assert head.fields["Transfer-Encoding"] == "chunked" and head.fields["Content-Length"] is None
        assert head.fields["X-Accel-Buffering"] == "no" and head.fields["Cache-Control"] == "no-cache"
        assert head.fields["X-Session-Id"], "no X-Session-Id"
        assert data[-1] == "[DONE]" and all(isinstance(chunk, dict) for chunk in data[:-1])
        chunks = data[:-1]
        assert len({chunk["id"] for chunk in chunks}) == len({chunk["created"] for chunk in chunks}) == 1
        usage = chunks.pop() if include else None
        begins = {name: value for name, value in chunks[0]["choices"][0]["delta"].items() if value is not None}
        assert begins == {"role": "assistant", "content": ""}, f"first {chunks[0]}"
        for chunk in chunks[1:-1]:
            assert set(chunk["choices"][0]["delta"]) == {"content"} and chunk["choices"][0]["finish_reason"] is None, f"{chunk}"
        last = chunks[-1]["choices"][0]
        assert last["delta"] == {} and last["finish_reason"] in ("stop", "length"), f"last {chunks[-1]}"
        assert not any("timings" in chunk for chunk in chunks), "timings without usage"
        if include:
            timings, counts = usage["timings"], usage["usage"]
            assert set(timings) >= {"cache_n", "prompt_n", "prompt_ms", "predicted_n", "predicted_ms"}, f"{timings}"
            assert all(chunk["usage"] is None for chunk in chunks), "usage isn't null before the last chunk"
            assert usage["choices"] == [] and counts["total_tokens"] == counts["prompt_tokens"] + counts["completion_tokens"]
        else:
            assert all(chunk.get("usage") is None for chunk in chunks)


@trial
def usage(servers, server, client):
    """The counts add up, and what was computed once is taken from the session."""
    messages = [{"role": "user", "content": "Tell me of the sea and the stars. " * 20}]
    first, second = chat(client, messages), chat(client, messages)
    for answer in (first, second):
        assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert second.usage.prompt_tokens_details.cached_tokens > second.usage.prompt_tokens // 2, f"{second.usage}"
    assert second.choices[0].message.content == first.choices[0].message.content
    more = [*messages, {"role": "assistant", "content": second.choices[0].message.content}, *QUESTION]
    third = chat(client, more)
    assert third.usage.prompt_tokens_details.cached_tokens >= second.usage.prompt_tokens - 2, f"{third.usage} after {second.usage}"
    assert third.model_extra["timings"]["cache_n"] == third.usage.prompt_tokens_details.cached_tokens


@trial
def errors(servers, server, client):
    """Whatever is wrong is an error of the client's right class, with all four members."""
    members = {"message", "type", "param", "code"}

    def post(path, body, kind, param=None):
        refused(lambda: client.post(path, cast_to=object, body=body), kind, param)

    def answered(status, method, path, body=None, fields=None, allow=None):
        answer = ask(server.address, method, path, body, fields)
        assert answer.status == status and set(answer.json["error"]) == members, f"{answer}"
        assert status != 400 or answer.json["error"]["type"] == "invalid_request_error"
        assert allow is None or allow in (answer.fields["Allow"] or ""), f"Allow is {answer.fields['Allow']}"
    with Each() as each:
        each("no role", post, "/chat/completions", {"messages": [{"content": "x"}]}, openai.BadRequestError, "messages[0].role")
        each("no text", post, "/chat/completions", {"messages": [{"role": "user", "content": 5}]}, openai.BadRequestError,
             "messages[0].content")
        each("no message", post, "/chat/completions", {"messages": []}, openai.BadRequestError, "messages")
        each("no messages", post, "/chat/completions", {"model": "m"}, openai.BadRequestError, "messages")
        each("an array", post, "/chat/completions", [1], openai.BadRequestError)
        each("no such path", post, "/nowhere", {}, openai.NotFoundError)
        for body in (b"", b"{", b"[1, 2", b'{"messages": "\xff"}', b"nul", b"{} {}"):
            each(body, answered, 400, "POST", "/v1/chat/completions", body)
        each("GET of chat", answered, 405, "GET", "/v1/chat/completions", allow="POST")
        each("POST of models", answered, 405, "POST", "/v1/models", {}, allow="GET")
        each("DELETE of health", answered, 405, "DELETE", "/health", allow="GET")
        each("PUT of tokenize", answered, 405, "PUT", "/tokenize", {}, allow="POST")
        each("a body of more than 1 MiB", answered, 413, "POST", "/v1/chat/completions",
             {"messages": [{"role": "user", "content": "x" * (1 << 20)}]})
        each("a field of 20 kB", answered, 431, "GET", "/health", fields={"X-Long": "x" * 20000})
        for wrong in ({"stream": "yes"}, {"stream": 1}, {"n": "2"}, {"seed": 1.5}, {"seed": "a"}, {"seed": 2**70}, {"logprobs": 5},
                      {"stop": 5}, {"stop": [1]}, {"tools": {}}, {"messages": {}}, {"stream_options": []}, {"logit_bias": 5},
                      {"response_format": "json"}, {"tool_choice": 5}, {"model": 5}, {"seed": -(2**63) - 1}, {"seed": 2**63}):
            each(wrong, refused, lambda: chat(client, extra_body=wrong), openai.BadRequestError, next(iter(wrong)))


@trial
def unsupported(servers, server, client):
    """Fields that would change the answer and aren't supported are refused by name; where they change nothing, they are taken."""
    with Each() as each:
        for name, value in (("modalities", ["text", "audio"]), ("functions", [{"name": "f"}]), ("function_call", {"name": "f"})):
            each(name, refused, lambda: chat(client, extra_body={name: value}), openai.BadRequestError, name)
        expected = text(client)
        for name, value in (("modalities", ["text"]), ("function_call", "none"), ("audio", {"format": "wav", "voice": "alloy"}),
                            ("reasoning_effort", "none"), ("verbosity", "low"), ("tool_choice", "none"),
                            ("tool_choice", "auto"), ("tools", []), ("functions", [])):
            def same():
                assert text(client, extra_body={name: value}) == expected, "changes the answer"
            each(f"{name} {value}", same)
        each("suffix", refused, lambda: client.completions.create(model="m", prompt="x", suffix="y"), openai.BadRequestError,
             "suffix")
        each("best_of", refused, lambda: client.completions.create(model="m", prompt="x", best_of=3, n=1), openai.BadRequestError,
             "best_of")
        for name, value in (("previous_response_id", "resp_1"), ("conversation", "conv_1"), ("background", True),
                            ("prompt", {"id": "p"})):
            each(name, refused, lambda: client.responses.create(model="m", input="x", extra_body={name: value}),
                 openai.BadRequestError, name)


@trial
def keys(servers, server, client):
    """With keys, only who has one is answered, but /health is for all."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "keys")
        file.write_text("ann:sesame-open-sesame\nopen-me-if-you-please\n")
        file.chmod(0o600)
        with servers.new("--api-key-file", str(file)) as locked:
            for key in ("sesame-open-sesame", "open-me-if-you-please"):
                assert chat(client_of(locked, api_key=key), max_tokens=1).choices
                assert list(client_of(locked, api_key=key).models.list())
            for key in ("sesame-open-sesam", "sesame-open-sesame1", "ann:sesame-open-sesame", "ann", "x" * 5000,
                        "SESAME-OPEN-SESAME"):
                error = refused(lambda: chat(client_of(locked, api_key=key), max_tokens=1), openai.AuthenticationError,
                                code="invalid_api_key")
                assert error.type == "authentication_error" and key not in str(error), f"{error}"
            for method, path in (("GET", "/v1/models"), ("GET", "/metrics"), ("GET", "/slots"), ("GET", "/api/tags"),
                                 ("POST", "/tokenize"), ("POST", "/api/chat")):
                assert ask(locked.address, method, path, {} if method == "POST" else None).status == 401, path
            assert ask(locked.address, "GET", "/v1/models", fields={"Authorization": "Basic sesame-open-sesame"}).status == 401
            lowercase = ask(locked.address, "GET", "/v1/models", fields={"Authorization": "bearer sesame-open-sesame"})
            assert lowercase.status == 200, "the scheme's case matters"
            assert ask(locked.address, "GET", "/health").status == 200
            assert "sesame" not in locked.said() and "please" not in locked.said()


@trial
def queue(servers, server, client):
    """A full queue is a RateLimitError with Retry-After; the client's own retries get through once there is room."""
    with servers.new("--parallel", "1", "--max-queue", "1", "--max-tokens", "100000") as narrow:
        own = client_of(narrow)
        release = threading.Event()
        holding = [threading.Thread(target=hold, args=(narrow, release), daemon=True) for _ in range(2)]
        for thread, name in zip(holding, ("requests_processing", "requests_deferred")):
            thread.start()
            assert eventually(lambda: metric(narrow.address, name) == 1), f"{name} isn't 1"
        error = refused(lambda: chat(own), openai.RateLimitError, code="queue_full")
        assert error.response.headers["Retry-After"].isdigit() and int(error.response.headers["Retry-After"]) >= 1
        assert ask(narrow.address, "GET", "/slots?fail_on_no_slot=1").status == 503
        assert ask(narrow.address, "GET", "/slots").status == ask(narrow.address, "GET", "/health").status == 200
        threading.Timer(0.5, release.set).start()
        assert chat(client_of(narrow, max_retries=5)).choices
        for thread in holding:
            thread.join(30)
        assert eventually(lambda: metric(narrow.address, "requests_processing") == 0 == metric(narrow.address, "requests_deferred"))


def begun(server, **fields):
    """A connection on which an answer without end has been asked for."""
    body = json.dumps({"messages": QUESTION, "max_tokens": 100000, "logit_bias": forever(server), **fields}).encode()
    link = socket.create_connection(("127.0.0.1", server.port))
    head = ("POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n")
    link.sendall(head.encode() + body)
    return link


def hold(server, release):
    """Reads a stream without end until it is released."""
    with begun(server, stream=True) as link:
        link.settimeout(0.05)
        while not release.is_set():
            with contextlib.suppress(TimeoutError):
                if not link.recv(65536):
                    break


def forever(server):
    """A bias with which an answer never ends by itself."""
    tokens = ask(server.address, "POST", "/tokenize", {"content": " the", "with_pieces": False}).json["tokens"]
    return {str(tokens[-1]): 100}


@trial
def client_leaves(servers, server, client):
    """A client that goes away in mid-stream, or while it waits for a whole answer, stops its work."""
    for fields in ({"stream": True}, {}):
        link = begun(server, **fields)
        assert eventually(lambda: metric(server.address, "requests_processing") == 1), "no request is processed"
        link.close()
        assert eventually(lambda: metric(server.address, "requests_processing") == 0, 3), "the work goes on"
    stream = chat(client, stream=True, max_tokens=1000000, logit_bias=forever(server))
    next(iter(stream))
    stream.close()
    assert eventually(lambda: metric(server.address, "requests_processing") == 0, 3), "the work goes on"


@trial
def names_of_hosts(servers, server, client):
    """Another Host is refused (DNS rebinding), and so is a page of another origin; neither is told that it may read."""
    for host, status in (("evil.example", 403), ("evil.example:80", 403), ("localhost", 200), ("127.0.0.1", 200),
                         (f"localhost:{server.port}", 200)):
        link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        link.putrequest("GET", "/v1/models", skip_host=True)
        link.putheader("Host", host)
        link.endheaders()
        answer = link.getresponse()
        body = answer.read()
        assert answer.status == status, f"Host {host}: {answer.status} {body[:200]}"
        assert status == 200 or set(json.loads(body)["error"]) == {"message", "type", "param", "code"}
        link.close()
    answer = ask(server.address, "GET", "/v1/models", fields={"Origin": "https://evil.example"})
    assert answer.status == 403 and answer.fields["Access-Control-Allow-Origin"] is None, f"{answer}"
    own = ask(server.address, "GET", "/v1/models", fields={"Origin": server.address})
    assert own.status == 200, "the server's own page is refused"
    with servers.new("--allow-host", "board.example", "--allow-origin", "https://ui.example") as open_server:
        assert ask(open_server.address, "GET", "/v1/models", fields={"Host": "board.example"}).status == 200
        answer = ask(open_server.address, "GET", "/v1/models", fields={"Origin": "https://ui.example"})
        assert answer.status == 200 and answer.fields["Access-Control-Allow-Origin"] == "https://ui.example", f"{answer.fields}"
        ask_first = {"Origin": "https://ui.example", "Access-Control-Request-Method": "POST",
                     "Access-Control-Request-Headers": "authorization,content-type"}
        answer = ask(open_server.address, "OPTIONS", "/v1/chat/completions", fields=ask_first)
        assert answer.status in (200, 204) and "POST" in answer.fields["Access-Control-Allow-Methods"], f"{answer} {answer.fields}"
        assert "authorization" in answer.fields["Access-Control-Allow-Headers"].lower()


@trial
def completions(servers, server, client):
    """A text is continued: whole, streamed, echoed, from tokens, with logprobs, several at once."""
    def complete(**fields):
        return client.completions.create(**{"model": "m", "prompt": "In the beginning", "max_tokens": 12, "seed": 3, **fields})
    whole = complete()
    said = whole.choices[0].text
    assert whole.object == "text_completion" and whole.usage.completion_tokens <= 12
    chunks = list(complete(stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) == said
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert complete(echo=True).choices[0].text == "In the beginning" + said
    tokens = ask(server.address, "POST", "/tokenize", {"content": "In the beginning", "add_special": True}).json["tokens"]
    assert complete(prompt=tokens).choices[0].text == said, "the prompt's tokens give another answer than its text"
    several = complete(prompt=["In the beginning", "And God"])
    assert [choice.index for choice in several.choices] == [0, 1] and several.choices[0].text == said
    logs = complete(logprobs=2).choices[0].logprobs
    assert "".join(logs.tokens).startswith(said)
    assert len(logs.token_logprobs) == len(logs.tokens) == len(logs.top_logprobs) == len(logs.text_offset)
    assert len(complete(n=2, temperature=1.5).choices) == 2
    refused(lambda: complete(prompt=[]), openai.BadRequestError, "prompt")
    refused(lambda: complete(prompt=[10**9]), openai.BadRequestError, "prompt")
    refused(lambda: complete(logprobs=21), openai.BadRequestError, "logprobs")


@trial
def responses(servers, server, client):
    """The text part of OpenAI's responses: input as a text and as items, instructions, a schema, tools, and its stream's events."""
    def respond(**fields):
        return client.responses.create(**{"model": "m", "input": QUESTION[0]["content"], "max_output_tokens": 24,
                                          "extra_body": {"seed": 7}, **fields})
    whole = respond()
    said = whole.output_text
    assert whole.object == "response" and whole.status in ("completed", "incomplete")
    assert (whole.status == "incomplete") == (whole.incomplete_details is not None)
    assert whole.status == "completed" or whole.incomplete_details.reason == "max_output_tokens"
    assert whole.usage.total_tokens == whole.usage.input_tokens + whole.usage.output_tokens
    assert said == text(client), "not the same as chat/completions"
    parts = [{"type": "input_text", "text": QUESTION[0]["content"]}]
    assert respond(input=[{"role": "user", "content": parts}]).output_text == said
    told = [{"role": "system", "content": "Be brief."}, *QUESTION]
    assert respond(instructions="Be brief.").output_text == respond(input=told).output_text == text(client, told)
    events_seen = list(respond(stream=True))
    kinds = [event.type for event in events_seen]
    assert kinds[:4] == ["response.created", "response.in_progress", "response.output_item.added",
                         "response.content_part.added"], f"{kinds}"
    assert kinds[-4:] == ["response.output_text.done", "response.content_part.done", "response.output_item.done",
                          "response." + whole.status], f"{kinds[-4:]}"
    assert [event.sequence_number for event in events_seen] == list(range(len(events_seen)))
    assert "".join(event.delta for event in events_seen if event.type == "response.output_text.delta") == said
    last = events_seen[-1].response
    assert last.output_text == said and last.usage.output_tokens == whole.usage.output_tokens
    form = {"format": {"type": "json_schema", "name": "form", "schema": NAMES, "strict": True}}
    for seed in range(3):
        answer = respond(text=form, max_output_tokens=300, extra_body={"seed": seed})
        if answer.status == "completed":
            jsonschema.validate(json.loads(answer.output_text), NAMES)
    flat = [{"type": "function", "strict": False, **tool["function"]} for tool in TOOLS]
    call = next(item for item in respond(tools=flat, tool_choice="required", max_output_tokens=200).output
                if item.type == "function_call")
    jsonschema.validate(json.loads(call.arguments), {tool["name"]: tool["parameters"] for tool in flat}[call.name])
    kinds = [event.type for event in respond(tools=flat, tool_choice="required", max_output_tokens=200, stream=True)]
    assert "response.function_call_arguments.delta" in kinds and "response.function_call_arguments.done" in kinds, f"{set(kinds)}"
    history = [{"role": "user", "content": "Light!"}, call.to_dict(),
               {"type": "function_call_output", "call_id": call.call_id, "output": "done"}]
    assert respond(input=history, tools=flat, tool_choice="none").output_text is not None
    refused(lambda: respond(temperature=101), openai.BadRequestError, "temperature")
    refused(lambda: respond(tools=[{"type": "web_search"}]), openai.BadRequestError, "tools[0]")


@trial
def words_and_tokens(servers, server, client):
    """/tokenize and /detokenize are each other's reverse, whatever the text; /apply-template's prompt is what chat reads."""
    for said in ("In the beginning", "", " two  spaces ", "größe 漢字 🙂\n\ttab", "<start_of_turn>", "a" * 3000):
        tokens = ask(server.address, "POST", "/tokenize", {"content": said}).json["tokens"]
        answer = ask(server.address, "POST", "/detokenize", {"tokens": tokens})
        assert answer.json["content"] == said, f"{said[:40]!r} → {tokens[:20]}"
    plain, special = (ask(server.address, "POST", "/tokenize", {"content": "God", "add_special": add}).json["tokens"]
                      for add in (False, True))
    assert special[1:] == plain, f"{special} {plain}"
    pieces = ask(server.address, "POST", "/tokenize", {"content": "größe 🙂", "with_pieces": True}).json["tokens"]
    joined = b"".join(p["piece"].encode() if isinstance(p["piece"], str) else bytes(p["piece"]) for p in pieces)
    assert joined.decode().lstrip() == "größe 🙂", f"{pieces}"
    for wrong in ([-1], [10**9], ["a"], [1.5], None, "x"):
        answer = ask(server.address, "POST", "/detokenize", {"tokens": wrong})
        assert answer.status == 400 and answer.json["error"]["param"].startswith("tokens"), f"{wrong}: {answer}"
    prompt = ask(server.address, "POST", "/apply-template", {"messages": QUESTION}).json["prompt"]
    assert QUESTION[0]["content"] in prompt


@trial
def service(servers, server, client):
    """/health, /metrics, /slots, the page and the document are what they should be, and HEAD is GET without its body."""
    assert ask(server.address, "GET", "/health").json == {"status": "ok"}
    answer = ask(server.address, "GET", "/metrics")
    assert answer.fields["Content-Type"].startswith("text/plain")
    said = answer.body.decode()
    for name in ("requests_processing", "requests_deferred", "prompt_tokens_total", "prompt_tokens_reused_total",
                 "tokens_predicted_total", "prompt_seconds_total", "tokens_predicted_seconds_total",
                 "time_to_first_token_seconds_bucket", "time_per_output_token_seconds_bucket",
                 "session_loads_total", "session_saves_total", "sessions_resident_bytes", "sessions_resident",
                 "process_resident_memory_bytes", "http_requests_total{", "http_connections", "passes_total"):
        assert "\nrg_edge_" + name in "\n" + said, f"no rg_edge_{name}"
    for line in said.splitlines():
        assert line.startswith("# ") or len(line.rsplit(" ", 1)) == 2 and float(line.rsplit(" ", 1)[1]) is not None, f"{line!r}"
    slots = ask(server.address, "GET", "/slots").json
    assert isinstance(slots, list) and all({"id", "is_processing"} <= set(slot) for slot in slots)
    page = ask(server.address, "GET", "/")
    assert page.status == 200 and page.fields["Content-Type"].startswith("text/html")
    assert ask(server.address, "GET", "/openapi.json").json["info"]["title"] == "RG Edge"
    for path in ("/health", "/v1/models"):
        head = ask(server.address, "HEAD", path)
        assert head.status == 200 and head.body == b"", f"HEAD {path}: {head}"


def prepare(servers):
    server = servers()
    return servers, server, client_of(server)


if __name__ == "__main__":
    support.main(globals(), "tools/serve/client_trials/openai_fields.py", prepare)
