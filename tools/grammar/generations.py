#!/usr/bin/env python3
"""Has a model answer under many JSON schemas, at a temperature at which it says anything, and checks each answer with PyPI's jsonschema.

    tools/grammar/generations.py -m MODEL.rgq [--schemas FOLDER] [--count SCHEMAS] [--answers PER_SCHEMA] [--rg-edge PROGRAM]

An answer that is finished must parse and be valid. One that is cut short (--tokens) is made again, longer, with the same seed: it must
begin with the same text, and that must be valid once it is finished; of those that never end, llguidance (PyPI) has to accept
each byte. FOLDER has a schema per file, or objects with a member "schema", as JSONSchemaBench's; without it schemas are made by
chance of all keywords that are supported. Schemas that rg-edge refuses are counted. Ends with 1 if anything is wrong.
"""
import argparse
import collections
import concurrent.futures
import json
import pathlib
import random
import subprocess
import sys
import tempfile

WORDS = "name age id state_of_mind größe colour 漢字 a_rather_long_property_name x y_2 tags price is_open note".split()


def scalar(chance):
    """A schema of a value without parts."""
    kind = chance.choice(["string", "integer", "number", "boolean", "null", "enum", "const", "pattern", "format"])
    if kind == "string":
        least = chance.choice([0, 0, 1, 3])
        return {"type": "string", "minLength": least, "maxLength": least + chance.choice([0, 1, 5, 30])}
    if kind == "integer":
        low = chance.choice([-1000, -7, 0, 1, 95, 999])
        schema = {"type": "integer", "minimum": low, "maximum": low + chance.choice([0, 1, 9, 120, 5000])}
        return schema | ({"multipleOf": chance.choice([2, 5])} if chance.random() < 0.3 and schema["maximum"] > low + 8 else {})
    if kind == "number":
        low = chance.choice([-10.5, 0, 0.25, 3])
        return {"type": "number", chance.choice(["minimum", "exclusiveMinimum"]): low, "maximum": low + chance.choice([0.5, 2, 100])}
    if kind == "enum":
        return {"enum": chance.sample(["red", "dark red", "redder", 'a "b" \\ c', "", "ß", 1, 10, 100, 1.5, True, None], 4)}
    if kind == "const":
        return {"const": chance.choice(["fixed text", 42, None, False, ["a", 1], {"a": {"b": []}}])}
    if kind == "pattern":
        return {"type": "string", "pattern": chance.choice(["^[A-Z]{2}-[0-9]{3,5}$", "^(ab|cd)*e?$", "^\\d+(\\.\\d{1,2})?$", "^[^x-z]{1,6}$"])}
    if kind == "format":
        return {"type": "string", "format": chance.choice(["date", "time", "date-time", "uuid", "ipv4"])}
    return {"type": kind}


def schema(chance, depth):
    """A schema made by chance."""
    kind = chance.random()
    if depth == 0 or kind < 0.25:
        return scalar(chance)
    if kind < 0.6:
        names = chance.sample(WORDS, chance.randint(1, 5))
        properties = {name: schema(chance, depth - 1) for name in names}
        required = [name for name in names if chance.random() < 0.6]
        counts = {"minProperties": min(2, len(names))} if chance.random() < 0.2 else {}
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False} | counts
    if kind < 0.8:
        least = chance.randint(0, 2)
        return {"type": "array", "items": schema(chance, depth - 1), "minItems": least, "maxItems": least + chance.randint(0, 3)}
    if kind < 0.88:
        first = [schema(chance, depth - 1) for _ in range(chance.randint(1, 3))]
        return {"type": "array", "prefixItems": first, "items": False, "minItems": len(first)}
    return {"anyOf": [schema(chance, depth - 1) for _ in range(chance.randint(2, 3))]}


def recursive(chance):
    """A tree that refers to itself."""
    node = {"type": "object", "required": ["value"], "additionalProperties": False}
    node["properties"] = {"value": scalar(chance), "children": {"type": "array", "maxItems": 1, "items": {"$ref": "#/$defs/node"}}}
    return {"$defs": {"node": node}, "$ref": "#/$defs/node"}


def chosen_schemas(options):
    chance = random.Random(options.seed)
    if options.schemas:
        files = sorted(path for path in pathlib.Path(options.schemas).rglob("*.json"))
        chance.shuffle(files)
        for path in files:
            value = json.loads(path.read_text())
            yield path.name, value["schema"] if isinstance(value, dict) and "schema" in value else value
    else:
        for number in range(10 * options.count):
            yield f"made {number}", recursive(chance) if number % 10 == 9 else schema(chance, 3)


def answer(options, path, seed, tokens):
    """The text, and how it ended."""
    command = [options.rg_edge, "prompt", "-m", options.model, "--raw", "--json", "--json-schema", path, "-n", str(tokens)]
    command += ["--temperature", str(options.temperature), "--seed", str(seed), "--threads", "1", "--lookup", str(seed % 3 * 4), "It is:"]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        return result.stderr.strip(), "error"
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    return "".join(line.get("text", "") for line in lines[:-1]), lines[-1]["finish"]


def is_prefix_for_llguidance(schema, text):
    import llguidance

    tokenizer = llguidance.LLTokenizer("byte")
    matcher = llguidance.LLMatcher(tokenizer, llguidance.LLMatcher.grammar_from_json_schema(schema))
    if matcher.get_error():
        return None
    data = list(text.encode())
    return matcher.try_consume_tokens(data) == len(data)


def check(options, name, schema, path, seed):
    """What came of one answer, and what is wrong with it."""
    import jsonschema

    text, finish = answer(options, path, seed, options.tokens)
    if finish == "error":
        return "refused" if "schema" in text else "error", text
    kind = "finished"
    if finish != "end":
        longer, finish = answer(options, path, seed, 40 * options.tokens)
        if not longer.startswith(text):
            return "wrong", f"{name}, seed {seed}: a longer answer begins with another text: {text!r}, {longer!r}"
        kind = "cut short, later finished"
        if finish != "end":
            accepts = is_prefix_for_llguidance(schema, text)
            if accepts is None:
                return "cut short, never finished, unknown to llguidance", None
            if not accepts:
                return "wrong", f"{name}, seed {seed}: llguidance doesn't accept {text!r}"
            return "cut short, accepted by llguidance", None
        text = longer
    try:
        validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
        problem = next(validator.iter_errors(json.loads(text)), None)
    except ValueError as error:
        problem = error
    if problem is not None:
        return "wrong", f"{name}, seed {seed}: {problem}: {text!r}"
    return kind, None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-m", "--model", required=True)
    parser.add_argument("--schemas")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--answers", type=int, default=50)
    parser.add_argument("--tokens", type=int, default=100)
    parser.add_argument("--temperature", type=float, default=1.5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rg-edge", default=".build/release/rg-edge")
    options = parser.parse_args()

    counts, used, wrong = collections.Counter(), 0, []
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        path = pathlib.Path(folder, "schema.json")
        for name, value in chosen_schemas(options):
            if used == options.count:
                break
            path.write_text(json.dumps(value))
            first = check(options, name, value, str(path), 0)
            if first[0] == "refused":
                counts["schemas refused"] += 1
                continue
            used += 1
            rest = pool.map(lambda seed: check(options, name, value, str(path), seed), range(1, options.answers))
            for kind, problem in [first, *rest]:
                counts[kind] += 1
                if problem:
                    wrong.append(problem)
                    print(problem, file=sys.stderr)
    print(f"{used} schemas, {options.answers} answers each: " + ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())))
    return 1 if wrong else 0


sys.exit(main())
