#!/usr/bin/env python3
"""Writes the manual page of the C library, of its header, and for each function a page that leads to it.

  tools/c/documentation/library_manual.py HEADER FOLDER    makes FOLDER/rg_edge.3, rg_model_open.3 …
"""
import pathlib
import re
import sys

from mdoc import date, escaped


def words(comment):
    """What a comment of the header says, line by line."""
    body = re.sub(r"^/\*|\*/$", "", comment.strip())
    return "\n".join(re.sub(r"^ ?\*? ?", "", line).rstrip() for line in body.split("\n")).strip()


def prose(text):
    """Paragraphs, and lists of what begins with a dash."""
    lines, in_list = [], False
    for part in re.split(r"\n(?=- )|\n\n", text):
        is_item = part.startswith("- ")
        if is_item != in_list:
            lines.append(".Bl -bullet" if is_item else ".El")
            in_list = is_item
        lines.append(".It" if is_item else ".Pp")
        lines.append(escaped(" ".join(part.removeprefix("- ").split())))
    return lines + ([".El"] if in_list else [])


def parts(header):
    """The header in order: ("heading", text), ("comment", text) and ("code", text)."""
    body = header[header.index("#define RG_ABI_VERSION"):header.rindex("#if defined(__cplusplus)")]
    for piece in re.split(r"(^/\*.*?\*/)", body, flags=re.DOTALL | re.MULTILINE):
        heading = re.match(r"/\* ---- (.*?) -+(.*)\*/$", piece, re.DOTALL)
        if heading:
            yield "heading", heading[1]
            if words("/*" + heading[2] + "*/"):
                yield "comment", words("/*" + heading[2] + "*/")
        elif piece.startswith("/*"):
            yield "comment", words(piece)
        elif piece.strip():
            yield "code", piece.strip()


def page(header):
    introduction = words(re.match(r"/\*.*?\*/", header, re.DOTALL)[0])
    title, _, rest = introduction.partition("\n\n")
    rest = rest.replace("\nRules that hold", "\n\nRules that hold")
    lines = [
        f".Dd {date()}", ".Dt RG_EDGE 3", ".Os", ".Sh NAME", ".Nm rg_edge", ".Nd run RecurrentGemma models from C",
        ".Sh LIBRARY", "RG Edge (librg_edge, \\-lrg_edge; pkg\\-config module rg\\-edge)", ".Sh SYNOPSIS", ".In rg_edge.h",
        ".Sh DESCRIPTION"]
    lines += prose(rest) + [".Ss Versions and errors"]
    for kind, text in parts(header):
        if kind == "heading":
            lines.append(f".Ss {escaped(text)}")
        elif kind == "comment":
            lines += prose(text)
        else:
            lines += [".Bd -literal", escaped(text), ".Ed"]
    lines += [".Sh SEE ALSO", ".Xr rg-edge 1 ,", ".Xr rg-quant 1"]
    return "\n".join(lines) + "\n"


def main():
    header, folder = pathlib.Path(sys.argv[1]).read_text(), pathlib.Path(sys.argv[2])
    (folder / "rg_edge.3").write_text(page(header))
    for function in sorted(set(re.findall(r"^[a-z].*?\b(rg_[a-z_]*)\(", header, re.MULTILINE))):
        (folder / f"{function}.3").write_text(".so man3/rg_edge.3\n")


main()
