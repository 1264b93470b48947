"""What manual pages have in common, in mdoc(7)."""
import datetime
import os
import pathlib
import subprocess


def escaped(text):
    """Text for roff: neither its escape character nor a control line, and other characters than ASCII by their numbers."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    text = "".join(sign if ord(sign) < 128 else f"\\[u{ord(sign):04X}]" for sign in text)
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in text.split("\n"))


def date():
    """The source's: SOURCE_DATE_EPOCH if it is set (reproducible-builds.org), otherwise the last commit's, or today."""
    seconds = os.environ.get("SOURCE_DATE_EPOCH")
    if not seconds:
        command = ["git", "-C", str(pathlib.Path(__file__).parent), "log", "-1", "--format=%ct"]
        try:
            seconds = subprocess.run(command, capture_output=True, text=True).stdout.strip()
        except OSError:
            pass
    date = datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc) if seconds else datetime.datetime.now()
    return f"{date:%B} {date.day}, {date.year}"
