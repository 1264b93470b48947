#!/usr/bin/env python3
"""What Python takes for white space, and the tokens that Hugging Face's transformers make of conversations.

    python chat.py TOKENIZER.model OUT.json

Needs transformers 5.x, sentencepiece, protobuf and jinja2; no torch. Wrote Tests/Fixtures/tiny-en/chat.json:
    spaces         the code points that str.strip(), and so Jinja's `trim`, takes off the ends of a text
    conversations  messages: texts, of the user and of the model in turn; tokens: those of apply_chat_template, up to where the
                   model's next turn begins, by the template of Gemma's -it models
    messages       the same with roles: messages of a system are put before the user's next one, which the template can't do, and a
                   last message of the model is the beginning of its answer (continue_final_message)
"""
import json, os, random, shutil, sys, tempfile
from transformers import AutoTokenizer

TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}"
    "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
ACCENT, JOINER = "\u0301", "\u200d"
# White space to some programs, and to Python not; with them the ends of ASCII's control characters.
OTHERS = "\x00\x08\x0e\x1b\x7f\x84\x86\xad\u180e\u200b\u200c\u200d\u2060\u2800\u3164\ufeff"


def conversations(spaces):
    for character in map(chr, spaces):
        yield [character + "Who was Moses?" + character * 2]
        # One character with the white space before them, to those who count user-perceived characters.
        yield [character + ACCENT + "Who?" + character + ACCENT]
        yield [character + JOINER + "Who?" + character + JOINER]
    for character in OTHERS:
        yield [" " + character + "Who?" + character + "\n"]
    yield [""]
    yield [" \t\x1c\u3000\n"]
    yield ["\r\n\r\n Who\r\nwas\n\n\n Moses? \r\n"]
    yield ["\u0301"]
    yield [" \u0301 "]
    yield ["<b> Who? </b>"]
    yield ["Who was Moses?", "The son of Amram.", "And Aaron?"]
    yield [" Who?\n", "He\n\nwas.", "\x1f\x85And \u0301", "Go, tell them", "\u2028what?\u2029"]
    yield ["Who?", "", "And?"]


WORDS = [
    "Moses", " said", "\n", " ", "  ", "unto\n\n", "\u0301", "caf\u00e9", "<b>", "the LORD", ",", "\t", "\u20ac", "\n\n\n", "And it", ".",
]


def role_conversations():
    yield [("system", "Be brief."), ("user", "Who was Moses?")]
    yield [("system", " Be brief.\n"), ("system", "Be kind."), ("user", "\nWho?"), ("model", " He was. "), ("user", "And Aaron?")]
    yield [("user", "Who?"), ("model", "He was."), ("system", "Now in verse."), ("user", "And Aaron?"), ("model", "Go, tell ")]
    yield [("system", ""), ("user", "Who?"), ("model", "In the\n")]
    yield [("system", "Only this."), ("user", " ")]
    source = random.Random(7)
    for _ in range(40):
        text = lambda: "".join(source.choice(WORDS) for _ in range(source.randrange(1, 7)))
        messages = []
        for turn in range(source.randrange(1, 7)):
            if turn % 2 == 0 and source.randrange(3) == 0:
                messages.append(("system", text()))
            messages.append(("model" if turn % 2 else "user", text() + "x"))
        yield messages


def folded(messages):
    """The turns that the template knows: what the system says is the beginning of the user's turn after it."""
    turns, system = [], []
    for role, text in messages:
        if role == "system":
            system.append(text.strip())
            continue
        parts = system + [text.strip()]
        turns.append({"role": "assistant" if role == "model" else role, "content": "\n\n".join(part for part in parts if part)})
        system = []
    return turns


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(sys.argv[1], os.path.join(folder, "tokenizer.model"))
        with open(os.path.join(folder, "tokenizer_config.json"), "w") as file:
            json.dump({"tokenizer_class": "GemmaTokenizer", "bos_token": "<bos>", "chat_template": TEMPLATE}, file)
        tokenizer = AutoTokenizer.from_pretrained(folder)
    spaces = [code for code in range(0x110000) if not chr(code).strip()]
    found = []
    for messages in conversations(spaces):
        roles = ("user", "assistant")
        turns = [{"role": roles[number % 2], "content": text} for number, text in enumerate(messages)]
        tokens = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=False)
        found.append({"messages": messages, "tokens": tokens})
    with_roles = []
    for messages in role_conversations():
        goes_on = messages[-1][0] == "model"
        tokens = tokenizer.apply_chat_template(
            folded(messages), add_generation_prompt=not goes_on, continue_final_message=goes_on, return_dict=False)
        with_roles.append({"messages": [{"role": role, "text": text} for role, text in messages], "tokens": tokens})
    with open(sys.argv[2], "w") as file:
        file.write('{"spaces": ' + json.dumps(spaces) + ',\n"conversations": [\n')
        file.write(",\n".join(map(json.dumps, found)) + '\n],\n"messages": [\n')
        file.write(",\n".join(map(json.dumps, with_roles)) + "\n]}\n")


if __name__ == "__main__":
    main()
