#!/usr/bin/env python3
"""Lets other people's clients talk with rg-edge-serve: llm, ollama, litellm and instructor, as far as they are installed.

    tools/serve/client_trials/others.py --server rg-edge-serve -m MODEL.rgq

instructor wants an older `openai` than the newest, so that tools/serve/clients runs this in two environments. Ends with 1 if a
client doesn't get what it should.
"""
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.dont_write_bytecode = True
import trial as support  # noqa: E402
from trial import Skipped, ask, trial  # noqa: E402

QUESTION = "Who made the heaven and the earth?"
PERSON = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 12},
                                           "age": {"type": "integer", "minimum": 0, "maximum": 120}},
          "required": ["name", "age"], "additionalProperties": False}
LIGHT = {"type": "function", "function": {"name": "turn_on", "description": "Turns on a light", "parameters": {
    "type": "object", "properties": {"room": {"type": "string", "enum": ["kitchen", "hall"]}}, "required": ["room"]}}}


def needs(package):
    if not importlib.util.find_spec(package):
        raise Skipped(f"{package} isn't installed here")


def name_of_model(address):
    return ask(address, "GET", "/v1/models").json["data"][0]["id"]


def llm(address, folder, *words, text=None):
    """What the command llm prints, its files in a folder of the trial's."""
    environment = {**os.environ, "LLM_USER_PATH": folder, "OPENAI_API_KEY": "any"}
    command = [sys.executable, "-m", "llm", *words]
    outcome = subprocess.run(command, env=environment, input=text, capture_output=True, text=True, timeout=120)
    assert outcome.returncode == 0, f"{' '.join(words)} ended with {outcome.returncode}: {outcome.stderr[-800:]}"
    return outcome.stdout


@trial
def llm_command(address):
    """A prompt, streamed and not, a system text, a conversation that goes on, a schema, its log, a model that completes texts."""
    needs("llm")
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "extra-openai-models.yaml").write_text(
            f"- model_id: board\n  model_name: board\n  api_base: {address}/v1\n  supports_schema: true\n  supports_tools: true\n"
            f"- model_id: text\n  model_name: text\n  api_base: {address}/v1\n  completion: true\n")
        options = ["-o", "seed", "3", "-o", "max_tokens", "20", "-o", "temperature", "0.7"]
        whole = llm(address, folder, "-m", "board", "--no-stream", *options, QUESTION)
        assert whole.strip(), "no text"
        assert llm(address, folder, "-m", "board", *options, QUESTION) == whole, "streamed, it is another text"
        llm(address, folder, "-m", "board", "-s", "Be brief.", *options, QUESTION)
        llm(address, folder, "-c", *options, "And when?")
        logged = json.loads(llm(address, folder, "logs", "-n", "1", "--json"))[0]
        assert logged["input_tokens"] > 0 and logged["output_tokens"] > 0, f"{logged}"
        said = llm(address, folder, "-m", "board", "--schema", json.dumps(PERSON), "-o", "seed", "1", "-o", "max_tokens", "300",
                   QUESTION)
        assert set(json.loads(said)) == {"name", "age"}, f"{said!r}"
        assert llm(address, folder, "-m", "text", "-o", "max_tokens", "8", "-o", "seed", "1", "In the beginning").strip()


@trial
def ollama_client(address):
    """Models, chat and generate, streamed and not, options, formats, tools, errors, and the asynchronous client."""
    needs("ollama")
    import asyncio
    import ollama
    client = ollama.Client(host=address)
    listed = client.list().models
    assert len(listed) == 1 and listed[0].model and listed[0].size > 0 and listed[0].details.family, f"{listed}"
    name = listed[0].model
    assert client.ps().models[0].model == name
    shown = client.show(name)
    assert "completion" in shown.capabilities and shown.details.quantization_level and shown.modelinfo, f"{shown}"
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": QUESTION}]
    options = {"seed": 5, "num_predict": 16, "temperature": 0.7, "num_ctx": 2048, "repeat_penalty": 1.1}
    whole = client.chat(name, messages, options=options)
    assert whole.done and whole.done_reason in ("stop", "length") and whole.eval_count <= 16 and whole.prompt_eval_count > 0
    assert whole.message.role == "assistant" and whole.total_duration > 0
    chunks = list(client.chat(name, messages, options=options, stream=True, keep_alive="5m", think=False))
    assert "".join(chunk.message.content or "" for chunk in chunks) == whole.message.content
    assert [chunk.done for chunk in chunks] == [False] * (len(chunks) - 1) + [True] and chunks[-1].eval_count == whole.eval_count
    assert client.chat(name.split(":")[0], messages, options=options).message.content == whole.message.content
    text = client.generate(name, QUESTION, system="Be brief.", options=options)
    assert text.response == whole.message.content, "generate isn't chat with one question"
    chunks = list(client.generate(name, QUESTION, system="Be brief.", options=options, stream=True))
    assert "".join(chunk.response for chunk in chunks) == text.response
    assert client.generate(name, "In the beginning", raw=True, options=options).response
    assert client.generate(name, "").done and client.chat(name, []).done, "loading the model"
    stopped = client.chat(name, messages, options={**options, "stop": [whole.message.content[3:6]]})
    assert stopped.message.content == whole.message.content[: whole.message.content.index(whole.message.content[3:6])]
    for seed in range(3):
        answer = client.chat(name, messages, format=PERSON, options={"seed": seed, "num_predict": 300})
        if answer.done_reason == "stop":
            assert set(json.loads(answer.message.content)) == {"name", "age"}
    answer = client.chat(name, messages, format="json", options={"seed": 1, "num_predict": 300})
    assert answer.done_reason == "length" or isinstance(json.loads(answer.message.content), dict)
    called = client.chat(name, messages, tools=[LIGHT], options={"num_predict": 100})
    for call in called.message.tool_calls or []:
        assert call.function.name == "turn_on" and isinstance(call.function.arguments, dict)
    history = [*messages,
               {"role": "assistant", "content": "",
                "tool_calls": [{"function": {"name": "turn_on", "arguments": {"room": "hall"}}}]},
               {"role": "tool", "content": "done", "tool_name": "turn_on"}]
    assert client.chat(name, history, tools=[LIGHT], options=options).done
    for wrong in ({"options": {"temperature": -1}}, {"messages": [{"role": "user", "content": "What is it?", "images": ["AAAA"]}]}):
        try:
            client.chat(name, **{"messages": messages, **wrong})
        except ollama.ResponseError as error:
            assert error.status_code == 400 and error.error, f"{error.status_code}"
        else:
            raise AssertionError(f"taken: {wrong}")

    async def streamed():
        stream = await ollama.AsyncClient(host=address).chat(name, messages, options=options, stream=True)
        return "".join([chunk.message.content or "" async for chunk in stream])
    assert asyncio.run(streamed()) == whole.message.content


@trial
def litellm_library(address):
    """Completions through three of its providers, streamed and not, tools, a schema, its error classes, and its count of tokens."""
    needs("litellm")
    # Otherwise it asks the internet for a table of prices.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm
    litellm.suppress_debug_info = True
    name = name_of_model(address)
    base = {"messages": [{"role": "user", "content": QUESTION}], "max_tokens": 16, "seed": 5, "api_key": "any", "num_retries": 0}
    texts = []
    for provider in ("openai", "hosted_vllm", "custom_openai"):
        fields = {"model": f"{provider}/{name}", "api_base": address + "/v1", **base}
        answer = litellm.completion(**fields)
        texts.append(answer.choices[0].message.content)
        assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
        chunks = list(litellm.completion(**fields, stream=True, stream_options={"include_usage": True}))
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == texts[-1]
        assert litellm.stream_chunk_builder(chunks).choices[0].message.content == texts[-1]
    assert len(set(texts)) == 1, f"{texts}"
    fields = {"model": f"openai/{name}", "api_base": address + "/v1", **base}
    called = litellm.completion(**{**fields, "max_tokens": 100}, tools=[LIGHT],
                                tool_choice="required").choices[0].message.tool_calls
    assert called[0].function.name == "turn_on" and json.loads(called[0].function.arguments)["room"] in ("kitchen", "hall")
    form = {"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON, "strict": True}}
    answer = litellm.completion(**{**fields, "max_tokens": 300}, response_format=form).choices[0]
    assert answer.finish_reason == "length" or set(json.loads(answer.message.content)) == {"name", "age"}
    answer = litellm.text_completion(model=f"text-completion-openai/{name}", prompt="In the beginning", max_tokens=8,
                                     api_base=address + "/v1", api_key="any")
    assert answer.choices[0].text
    own = {"model": f"ollama_chat/{name}", "api_base": address, "messages": base["messages"], "max_tokens": 16, "seed": 5}
    said = litellm.completion(**own).choices[0].message.content
    assert said and "".join(chunk.choices[0].delta.content or "" for chunk in litellm.completion(**own, stream=True)) == said
    try:
        litellm.completion(**fields, temperature=-1)
    except litellm.BadRequestError as error:
        assert error.status_code == 400, f"{error.status_code}"
    else:
        raise AssertionError("a temperature of -1 is taken")


@trial
def instructor_library(address):
    """Objects of classes by JSON, by schema and by tools, several of one answer, and pieces of an object while it comes."""
    needs("instructor")
    import logging
    import instructor
    import instructor.core.exceptions
    import openai
    import pydantic
    # It says of each object that doesn't fit; the trial looks itself.
    logging.getLogger("instructor").setLevel(logging.CRITICAL)

    class Person(pydantic.BaseModel):
        name: str = pydantic.Field(max_length=12)
        age: int = pydantic.Field(ge=0, le=120)

    messages = [{"role": "user", "content": QUESTION}]
    got = 0
    for mode in (instructor.Mode.JSON_SCHEMA, instructor.Mode.TOOLS, instructor.Mode.JSON):
        client = instructor.from_openai(openai.OpenAI(base_url=address + "/v1", api_key="any"), mode=mode)
        for seed in range(4):
            try:
                person = client.chat.completions.create(model="m", messages=messages, response_model=Person, max_retries=0,
                                                        max_tokens=300, seed=seed, temperature=0.7)
            except (instructor.core.exceptions.InstructorRetryException, instructor.core.exceptions.IncompleteOutputException):
                # A text that was cut, or, by JSON alone, an object of another kind, which the small model may well say.
                assert mode != instructor.Mode.TOOLS or seed < 3, "no call was an object of the class"
                continue
            assert isinstance(person, Person)
            got += 1
            break
    assert got >= 2, f"only {got} of 3 modes gave an object"
    client = instructor.from_openai(openai.OpenAI(base_url=address + "/v1", api_key="any"), mode=instructor.Mode.TOOLS)
    parts = list(client.chat.completions.create_partial(model="m", messages=messages, response_model=Person, max_tokens=300, seed=1,
                                                        max_retries=0))
    assert parts and parts[-1].name is not None


def prepare(servers):
    return [servers("--max-tokens", "64").address if servers.given.server else servers().address]


if __name__ == "__main__":
    support.main(globals(), "tools/serve/client_trials/others.py", prepare)
