#!/usr/bin/env python3
"""Runs the official JSON Schema test suite through the module Grammar, and says what it gets wrong.

    tools/grammar/schema_suite.py SUITE/tests/draft2020-12 [--formats] [--list] [--walks] [-- COMMAND …]

A schema is either refused with the reason, or must accept each valid instance and no invalid one. Since a value has one spelling in
Grammar, an instance counts as accepted if one order of its properties is; whole numbers are written without a point.
COMMAND runs the test SchemaOracle (`swift test --filter SchemaOracle` if none is given). --formats makes `format` a demand, for the
suite's optional/format; --list prints each schema that is refused; --walks also makes 30 texts by chance of each schema and has PyPI's
jsonschema check them.
Ends with 1 if an invalid instance is accepted or a valid one refused.
The suite: https://github.com/json-schema-org/JSON-Schema-Test-Suite; it stays outside the repository.
"""
import collections
import decimal
import json
import pathlib
import re
import sys

from schema_oracle import ask, has_lone_surrogate, spellings, split_command, without_path


def check_walks(name, group, texts, formats, count):
    import jsonschema

    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER if formats else None
    # Doubles are no multiples of 0.0001, decimals are; but jsonschema takes no decimal for a whole number.
    schemas = [(number, json.loads(json.dumps(group["schema"]), parse_float=number)) for number in [float, decimal.Decimal]]
    validators = [(number, jsonschema.Draft202012Validator(schema, format_checker=checker)) for number, schema in schemas]
    for text in texts:
        count["walks"] += 1
        try:
            if any(validator.is_valid(json.loads(text, parse_float=number)) for number, validator in validators):
                continue
        except ValueError:
            pass
        except re.error:  # Python's regular expressions have no \p
            count["walks"] -= 1
            continue
        count["walks wrong"] += 1
        print(f"made, and wrong: {name}: {group['description']}: {text[:200]}")


def main(arguments):
    arguments, command = split_command(arguments)
    flags = {a for a in arguments if a.startswith("--")}
    folders = [a for a in arguments if not a.startswith("--")]
    if len(folders) != 1 or flags - {"--formats", "--list", "--walks"}:
        sys.exit(__doc__)
    groups = []
    for path in sorted(pathlib.Path(folders[0]).glob("*.json")):
        for group in json.loads(path.read_text()):
            groups.append((path.name, group))
    if not groups:
        sys.exit(f"{folders[0]} has no tests: give a folder of the suite")
    cases = []
    for _, group in groups:
        texts = []
        for test in group["tests"]:
            test["spellings"] = [t for t in spellings(test["data"]) if not has_lone_surrogate(t)]
            texts += test["spellings"]
        schema = json.dumps(group["schema"], ensure_ascii=False)
        walks = 30 if "--walks" in flags else 0
        cases.append({"schema": schema, "texts": texts, "formats": "--formats" in flags, "walks": walks, "undeclared": True})
    answers = ask(cases, command)
    count = collections.Counter()
    reasons = collections.Counter()
    for (name, group), answer in zip(groups, answers, strict=True):
        count["schemas"] += 1
        if "error" in answer:
            count["refused"] += 1
            reasons[without_path(answer["error"])] += 1
            if "--list" in flags:
                print(f"refused: {name}: {group['description']}: {answer['error']}")
            continue
        if answer["walks"]:
            check_walks(name, group, answer["walks"], "--formats" in flags, count)
        accepts = iter(answer["accepts"])
        for test in group["tests"]:
            accepted = any([next(accepts) for _ in test["spellings"]])
            count["instances"] += 1
            if accepted != test["valid"]:
                kind = "invalid accepted" if accepted else "valid refused"
                count[kind] += 1
                print(f"{kind}: {name}: {group['description']}: {test['description']}: {json.dumps(test['data'])[:200]}")
    print(f"{count['schemas']} schemas: {count['refused']} refused as unsupported; of the others' {count['instances']} instances")
    print(f"{count['invalid accepted']} invalid ones accepted, {count['valid refused']} valid ones refused")
    times = sorted(answer["microseconds"] for answer in answers if "microseconds" in answer)
    if times:
        print(f"made in {times[len(times) // 2]:.0f} µs in the median, {times[-1]:.0f} µs at most")
    if count["walks"]:
        print(f"{count['walks']} texts made by chance, {count['walks wrong']} of them wrong")
    for reason, number_of in reasons.most_common(25 if "--list" in flags else 0):
        print(f"{number_of:5} {reason}")
    return 1 if count["invalid accepted"] or count["valid refused"] or count["walks wrong"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
