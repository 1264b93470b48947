#!/usr/bin/env python3
"""Writes manual pages of a command, one more for each of its subcommands.

  COMMAND --experimental-dump-help | tools/c/documentation/manual.py FOLDER    makes FOLDER/COMMAND.1, COMMAND-SUBCOMMAND.1 …
"""
import json
import pathlib
import sys

from mdoc import date, escaped


# A command that is at work exits with these numbers; before, and at a second signal, the signal itself ends it, which a shell
# shows by the same number.
EXIT_STATUS = """\
.Bl -tag -width Ds
.It 0
Success.
.It 1
A failure, with a line on standard error.
.It 64
Arguments that make no sense, with a line on standard error.
.It 129 , 130 , 143
A signal ended the command: SIGHUP, SIGINT (Ctrl\\-C), SIGTERM.
.It 141
Nobody reads standard output any more (SIGPIPE).
.El
.Pp
Numbers from 129 on are 128 and the signal's number, as shells show it."""


# The pages that each page points to.
FAMILY = ["rg-edge", "rg-edge-serve", "rg-quant"]

# What commands read of the environment, and files that they use by themselves: those whose options or texts name one of the words.
ENVIRONMENT = [
    ("--model info", "RG_EDGE_MODEL", "The model, a file or its name in 'rg-edge list', where -m names none."),
    ("--model list info", "RG_EDGE_MODELS", "Folders to look for models in, separated by colons, instead of the usual ones."),
    ("--model list info", "XDG_DATA_HOME", "Its folder rg-edge has the user's models, instead of ~/.local/share/rg-edge."),
    ("chat", "XDG_STATE_HOME", "Its folder rg-edge has the history of lines, instead of ~/.local/state/rg-edge."),
    ("chat", "TERM", "A terminal that is dumb, or unknown, gets plain lines without editing."),
    ("--api-key-file", "CREDENTIALS_DIRECTORY", "systemd's: its file api-keys stands in for --api-key-file."),
    ("--listen", "LISTEN_FDS , LISTEN_PID , NOTIFY_SOCKET", "systemd's: sockets that it passes, and where it is told what happens."),
    ("--sessions-at-once", "TMPDIR", "Where the files of measured sessions go, instead of /tmp."),
]
FILES = [
    ("--model list info", "~/.local/share/rg-edge/*.rgq", "The user's models; default.rgq, or the only one there is, is the one that is used "
     "where none is named."),
    ("--model list info", "/usr/local/share/rg-edge/*.rgq", "Models for all users of the machine."),
    ("chat", "~/.local/state/rg-edge/history", "Lines that were typed in chats."),
    ("--listen", "/usr/lib/systemd/system/rg-edge.service , rg-edge.socket", "Units that start the server with the machine, in "
     "packages; in /usr/local/lib/systemd/system where it was installed by hand."),
]


def paragraphs(text):
    return [".Pp\n" + escaped(" ".join(part.split())) for part in text.split("\n\n") if part.strip()]


def name(spelling):
    dashes = "--" if spelling["kind"] == "long" else "-"
    return dashes + spelling["name"]


def synopsis(argument):
    """An argument as the synopsis shows it."""
    if argument["kind"] == "positional":
        text = f".Ar {argument['valueName']}"
    else:
        text = f".Fl {name(argument['preferredName'])[1:]}".replace("-", "\\-")
        if argument["kind"] == "option":
            text += f" Ar {argument['valueName']}"
    if argument["isRepeating"]:
        text += " ..."
    return f".Op {text[1:]}" if argument["isOptional"] else text


def item(argument):
    """An argument with what it means."""
    if argument["kind"] == "positional":
        head = f"Ar {argument['valueName']}"
    else:
        head = " , ".join(f"Fl {name(spelling)[1:]}".replace("-", "\\-") for spelling in argument["names"])
        if argument["kind"] == "option":
            head += f" Ar {argument['valueName']}"
    text = argument.get("abstract", "")
    values = argument.get("allValues") or []
    if values:
        text += f" (values: {', '.join(values)})"
    if argument.get("defaultValue") and "default" not in text:
        text += f" (default: {argument['defaultValue']})"
    return f".It {head}\n{escaped(text)}"


def parted(discussion):
    """A discussion without its examples, and these, a line each."""
    before, _, examples = discussion.partition("Examples:\n")
    return before, [line.strip() for line in examples.split("\n") if line.strip()]


def listed(title, entries, macro, command, arguments):
    """A section with those of some entries that a command has to do with."""
    known = {spelling["name"] for argument in arguments for spelling in argument.get("names", [])} | {command["commandName"]}
    chosen = [entry for entry in entries if any(word.lstrip("-") in known for word in entry[0].split())]
    if not chosen:
        return []
    items = [f".It {macro} {escaped(names)}\n{escaped(text)}" for _, names, text in chosen]
    return [f".Sh {title}", ".Bl -tag -width Ds"] + items + [".El"]


def page(command, full):
    """The page of a command, called `full` with what stands before it."""
    dashed = full.replace(" ", "-")
    arguments = [argument for argument in command.get("arguments", []) if argument["shouldDisplay"]]
    subcommands = [each for each in command.get("subcommands", []) if each["commandName"] != "help"]
    lines = [
        f".Dd {date()}", f".Dt {dashed.upper()} 1", ".Os",
        ".Sh NAME", f".Nm {dashed}", f".Nd {escaped(command.get('abstract', '').rstrip('.'))}",
        ".Sh SYNOPSIS", f".Nm {full}",
    ]
    lines += [".Ar subcommand"] if subcommands else [synopsis(each) for each in arguments]
    discussion, examples = parted(command.get("discussion", ""))
    lines += [".Sh DESCRIPTION", escaped(command.get("abstract", ""))] + paragraphs(discussion)
    if subcommands:
        lines += [".Bl -tag -width Ds"]
        lines += [f".It Xr {dashed}-{each['commandName']} 1\n{escaped(each.get('abstract', ''))}" for each in subcommands] + [".El"]
    if arguments:
        lines += [".Pp", "The options are:", ".Bl -tag -width Ds"] + [item(each) for each in arguments] + [".El"]
    lines += listed("ENVIRONMENT", ENVIRONMENT, "Ev", command, arguments) + listed("FILES", FILES, "Pa", command, arguments)
    lines += [".Sh EXIT STATUS", EXIT_STATUS]
    if examples:
        lines += [".Sh EXAMPLES", ".Bd -literal"] + [escaped(example) for example in examples] + [".Ed"]
    others = [f"{dashed}-{each['commandName']}" for each in subcommands] if subcommands else [full.split()[0]]
    others = sorted(set(others + FAMILY) - {dashed})
    pages = [(other, 1) for other in others] + [("rg_edge", 3)]
    lines += [".Sh SEE ALSO", " ,\n".join(f".Xr {name} {section}" for name, section in pages)]
    return "\n".join(lines) + "\n"


def write(command, folder, full):
    (folder / f"{full.replace(' ', '-')}.1").write_text(page(command, full))
    for each in command.get("subcommands", []):
        if each["commandName"] != "help":
            write(each, folder, f"{full} {each['commandName']}")


def main():
    command = json.load(sys.stdin)["command"]
    write(command, pathlib.Path(sys.argv[1]), command["commandName"])


main()
