#!/usr/bin/env python3
"""Runs schemas that people wrote (MaskBench) through the module Grammar and says how many it can take, and what it gets wrong.

    tools/grammar/schema_bench.py FOLDER [--sample N] [--seed N] [--closed] [--list] [--vocabulary FILE] [--llguidance] [-- COMMAND …]

FOLDER has MaskBench's files: maskbench/data of https://github.com/guidance-ai/jsonschemabench; it stays outside the repository.
--sample N takes N of them, by --seed (1), the same in every run. Each is a schema and instances, which are valid or not.
A schema is either refused with the reason, or must accept each valid instance and no invalid one. Grammar spells a value in one way,
so instances are written so first: spaces after `:` and `,` alone, whole numbers without a point, properties in the schema's order if
the file's is refused; how many needed that is said. Undeclared properties are allowed where the schema says nothing, as the standard
has it, unless --closed asks for Grammar's default: then it is said how many valid instances have some.
--vocabulary FILE (pieces in base64, as tiktoken keeps them) measures masks on the way through each first valid instance, in tokens of
the longest pieces. Times are what the thread computes for. --llguidance does everything with PyPI's llguidance as well. --list prints each refusal and each mistake.
COMMAND runs the test SchemaOracle (`swift test --filter SchemaOracle` if none is given).
Ends with 1 if an invalid instance is accepted or a valid one refused.
"""
import argparse
import base64
import collections
import json
import pathlib
import random
import re
import sys
import time

import jsonschema
from schema_oracle import ask, has_lone_surrogate, spelled, spellings, split_command, without_path

BRANCHES = 6  # of anyOf and oneOf whose properties are tried first


def resolve(root, reference):
    """What a reference within a schema leads to; None for others."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    place = root
    for token in reference[1:].split("/")[1:]:
        token = token.replace("~1", "/").replace("~0", "~")
        if isinstance(place, list) and token.isdigit() and int(token) < len(place):
            place = place[int(token)]
        elif isinstance(place, dict) and token in place:
            place = place[token]
        else:
            return None
    return place


def holds(root, schema, value):
    """Whether a value follows a schema inside another one, by jsonschema; True if that can't be said."""
    try:
        return jsonschema.Draft202012Validator(root).evolve(schema=schema).is_valid(value)
    except Exception:  # whatever is wrong with the schema: the order is a guess then
        return True


def applied(root, parts, branch, value):
    """The schemas that speak about the same value as `parts`, in order; of alternatives the one numbered `branch` comes first, without a
    number those that the value follows."""
    found, pending, seen = [], list(reversed(parts)), set()
    while pending:
        part = pending.pop()
        if not isinstance(part, dict) or id(part) in seen:
            continue
        seen.add(id(part))
        found.append(part)
        more = [resolve(root, part.get("$ref"))]
        if more[0] is not None and re.search("draft-0[3-7]/", str(root.get("$schema"))):
            found[-1] = {}  # until draft 7 a reference stands alone
            pending += more
            continue
        for key in ["allOf", "anyOf", "oneOf"]:
            choices = part.get(key) if isinstance(part.get(key), list) else []
            if key != "allOf" and branch is None:
                choices = sorted(choices, key=lambda choice: not holds(root, choice, value))
            elif key != "allOf":
                choices = choices[branch : branch + 1] + choices[:branch] + choices[branch + 1 :]
            more += choices
        if "if" in part:
            more += [part["if"], part.get("then")] if holds(root, part["if"], value) else [part.get("else")]
        more += part["dependentSchemas"].values() if isinstance(part.get("dependentSchemas"), dict) else []
        pending += reversed(more)
    return found


def ordered(root, parts, value, branch):
    """A value with its properties in the schema's order."""
    parts = applied(root, parts, branch, value)
    if isinstance(value, list):
        result = []
        for index, item in enumerate(value):
            inner = []
            for part in parts:
                prefix = part.get("prefixItems") or []
                inner.append(prefix[index] if index < len(prefix) else part.get("items"))
            result.append(ordered(root, inner, item, branch))
        return result
    if not isinstance(value, dict):
        return value
    names = [name for part in parts for name in (part.get("properties") or {} if isinstance(part.get("properties"), dict) else {})]
    names += [name for part in parts for name in (part.get("required") or [] if isinstance(part.get("required"), list) else [])]
    order = [name for name in dict.fromkeys(names) if name in value] + [name for name in value if name not in set(names)]
    result = {}
    for name in order:
        inner = []
        for part in parts:
            properties = part.get("properties") if isinstance(part.get("properties"), dict) else {}
            if name in properties:
                inner.append(properties[name])
            else:
                patterns = part.get("patternProperties") if isinstance(part.get("patternProperties"), dict) else {}
                inner += [*patterns.values(), part.get("additionalProperties")]
        result[name] = ordered(root, inner, value[name], branch)
    return result


def candidates(schema, value):
    """The text as the file has it, and in the schema's order: that of the alternatives that hold, or of each of the first; of small
    values in every order."""
    texts = [spelled(value)] + [spelled(ordered(schema, [schema], value, branch)) for branch in [None, *range(BRANCHES)]]
    if isinstance(value, dict) and len(value) <= 4:
        texts += spellings(value)[:24]
    return [text for text in dict.fromkeys(texts) if not has_lone_surrogate(text)]


class Vocabulary:
    def __init__(self, path):
        lines = pathlib.Path(path).read_text().splitlines()
        self.tokens = [base64.b64decode(line.split()[0]) for line in lines]
        self.numbers = {}
        for number, piece in enumerate(self.tokens):
            self.numbers.setdefault(piece, number)
        self.longest = max(map(len, self.tokens))

    def split(self, text):
        """The longest piece each time."""
        rest, result = text.encode(), []
        while rest:
            length = next(n for n in range(min(len(rest), self.longest), 0, -1) if rest[:n] in self.numbers)
            result.append(self.numbers[rest[:length]])
            rest = rest[length:]
        return result


class LLGuidance:
    """The same questions to llguidance."""

    def __init__(self, vocabulary):
        import llguidance
        import llguidance.numpy

        class Tokenizer:
            eos_token_id, bos_token_id, special_token_ids = len(vocabulary.tokens), None, [len(vocabulary.tokens)]
            tokens = [*vocabulary.tokens, b"<eos>"]

            def __call__(self, text):
                return vocabulary.split(text if isinstance(text, str) else text.decode())

        self.module, self.vocabulary = llguidance, vocabulary
        self.tokenizer = llguidance.LLTokenizer(llguidance.TokenizerWrapper(Tokenizer()))
        self.fill = llguidance.numpy.fill_next_token_bitmask
        self.bits = llguidance.numpy.allocate_token_bitmask(1, self.tokenizer.vocab_size)

    def answer(self, case):
        start = time.thread_time()
        try:
            grammar = self.module.LLMatcher.grammar_from_json_schema(case["schema"])
            matcher = self.module.LLMatcher(self.tokenizer, grammar)
            if matcher.is_error():
                raise ValueError(matcher.get_error())
        except ValueError as error:
            return {"error": str(error).splitlines()[0]}
        result = {"microseconds": (time.thread_time() - start) * 1e6, "walks": []}
        result["accepts"] = [self.accepts(matcher.deep_copy(), text) for text in case["texts"]]
        if "tokens" in case:
            result["masks"] = self.masks(matcher.deep_copy(), case["tokens"])
        return result

    def accepts(self, matcher, text):
        tokens = self.vocabulary.split(text)
        return matcher.try_consume_tokens(tokens) == len(tokens) and matcher.is_accepting()

    def masks(self, matcher, tokens):
        times = []
        for token in tokens:
            start = time.thread_time()
            self.fill(matcher, self.bits, 0)
            times.append((time.thread_time() - start) * 1e6)
            if not matcher.consume_token(token):
                break
        return times


def part(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] if values else 0


def keyword(reason):
    """The keyword that a refusal is about, and what is wrong with it, less what differs from schema to schema."""
    place = reason.split(": ", 1)[0].split("/")[-1]
    reason = re.sub(r"alternatives \d+ and \d+", "alternatives", without_path(reason))
    reason = re.sub(r"^(\S+): character \d+: ", r"\1: ", reason)
    return reason.split("; ")[0][:110] if place else reason[:110]


def report(title, files, answers, arguments):
    count, reasons, mistakes = collections.Counter(), collections.Counter(), []
    for (name, file), answer in zip(files, answers, strict=True):
        count["schemas"] += 1
        if "error" in answer:
            count["refused"] += 1
            reasons[keyword(answer["error"])] += 1
            if arguments.list:
                print(f"refused: {name}: {answer['error'][:300]}")
            continue
        accepts, reaches = iter(answer["accepts"]), iter(answer.get("reach", []))
        for test in file["tests"]:
            found = [next(accepts) for _ in test["candidates"]]
            reach = max((next(reaches, 0), text) for text in test["candidates"]) if test["candidates"] else (0, "")
            kind = "valid" if test["valid"] else "invalid"
            count[kind] += 1
            count[kind + (" accepted" if any(found) else " refused")] += 1
            if test["valid"] and any(found) and not found[0]:
                count["reordered"] += 1
            if any(found) != test["valid"]:
                where = reach[1].encode()[max(0, reach[0] - 100) : reach[0] + 30].decode(errors="replace")
                mistakes.append(f"{kind} {'accepted' if any(found) else f'refused at {reach[0]}'}: {name}: …{where}…")
    compiled = count["schemas"] - count["refused"]
    print(f"{title}: {compiled} of {count['schemas']} schemas compile ({100 * compiled / count['schemas']:.1f} %)")
    print(f"  valid instances: {count['valid']}, {count['valid refused']} refused, {count['reordered']} accepted in the schema's order only")
    print(f"  invalid instances: {count['invalid']}, {count['invalid accepted']} accepted")
    times = [answer["microseconds"] for answer in answers if "microseconds" in answer]
    print(f"  made in {part(times, 0.5):.0f} µs in the median, {part(times, 0.99):.0f} at 99 %, {part(times, 1):.0f} at most")
    masks = [mask for answer in answers for mask in answer.get("masks", []) if mask >= 0]
    if masks:
        print(f"  {len(masks)} masks: {sum(masks) / len(masks):.1f} µs on average, {part(masks, 0.5):.1f} in the median, "
              f"{part(masks, 0.99):.0f} at 99 %, {part(masks, 1):.0f} at most")
    if states := [answer["stateBytes"] for answer in answers if "stateBytes" in answer]:
        print(f"  states hold {part(states, 0.5) / 1e3:.0f} kB in the median, {part(states, 1) / 1e3:.0f} kB at most")
    for reason, times_ in reasons.most_common(40):
        print(f"  {times_:5} {reason}")
    for mistake in mistakes[: None if arguments.list else 10]:
        print("  " + mistake)
    return count["valid refused"] + count["invalid accepted"]


def main(arguments):
    arguments, command = split_command(arguments)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--closed", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--vocabulary")
    parser.add_argument("--llguidance", action="store_true")
    arguments = parser.parse_args(arguments)
    if arguments.llguidance and not arguments.vocabulary:
        parser.error("--llguidance wants a --vocabulary")
    paths = sorted(arguments.folder.glob("*.json"))
    if arguments.sample:
        paths = random.Random(arguments.seed).sample(paths, min(arguments.sample, len(paths)))
    if not paths:
        parser.error(f"{arguments.folder} has no files")
    files = [(path.stem, json.loads(path.read_text())) for path in paths]
    vocabulary = Vocabulary(arguments.vocabulary) if arguments.vocabulary else None
    cases = []
    for _, file in files:
        for test in file["tests"]:
            test["candidates"] = candidates(file["schema"], test["data"])
        texts = [text for test in file["tests"] for text in test["candidates"]]
        case = {"schema": json.dumps(file["schema"], ensure_ascii=False), "texts": texts}
        cases.append(case | {"formats": True, "undeclared": not arguments.closed})
    answers = ask(cases, command)
    if vocabulary:
        # The first text that is right and accepted, so that both walk the same tokens.
        for (_, file), case, answer in zip(files, cases, answers, strict=True):
            accepts = iter(answer.get("accepts", []))
            found = [(test["valid"], text) for test in file["tests"] for text in test["candidates"] if next(accepts, False)]
            if text := next((text for valid, text in found if valid), None):
                case["tokens"] = vocabulary.split(text)
        answers = ask(cases, command, vocabulary=arguments.vocabulary)
    wrong = report("Grammar", files, answers, arguments)
    if arguments.llguidance:
        peer = LLGuidance(vocabulary)
        report("llguidance", files, [peer.answer(case) for case in cases], arguments)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
