#!/usr/bin/env python3
"""Writes manual pages of a command, one more for each of its subcommands.

  COMMAND --experimental-dump-help | tools/c/documentation/manual.py FOLDER    makes FOLDER/COMMAND.1, COMMAND-SUBCOMMAND.1 …
"""
import json
import pathlib
import sys


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


def escaped(text):
    """Text for roff: neither its escape character nor a control line."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in text.split("\n"))


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


def page(command, full):
    """The page of a command, called `full` with what stands before it."""
    dashed = full.replace(" ", "-")
    arguments = [argument for argument in command.get("arguments", []) if argument["shouldDisplay"]]
    subcommands = [each for each in command.get("subcommands", []) if each["commandName"] != "help"]
    lines = [
        ".Dd", f".Dt {dashed.upper()} 1", ".Os",
        ".Sh NAME", f".Nm {dashed}", f".Nd {escaped(command.get('abstract', '').rstrip('.'))}",
        ".Sh SYNOPSIS", f".Nm {full}",
    ]
    lines += [".Ar subcommand"] if subcommands else [synopsis(each) for each in arguments]
    lines += [".Sh DESCRIPTION", escaped(command.get("abstract", ""))] + paragraphs(command.get("discussion", ""))
    if subcommands:
        lines += [".Bl -tag -width Ds"]
        lines += [f".It Xr {dashed}-{each['commandName']} 1\n{escaped(each.get('abstract', ''))}" for each in subcommands] + [".El"]
    if arguments:
        lines += [".Pp", "The options are:", ".Bl -tag -width Ds"] + [item(each) for each in arguments] + [".El"]
    lines += [".Sh EXIT STATUS", EXIT_STATUS, ".Sh SEE ALSO"]
    others = [f"{dashed}-{each['commandName']}" for each in subcommands] if subcommands else [full.split()[0]]
    lines += [" ,\n".join(f".Xr {other} 1" for other in sorted(others))]
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
