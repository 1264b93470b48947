"""The date of manual pages: that of the source."""
import datetime
import os
import pathlib
import subprocess


def manual_date():
    """As mdoc(7) has it: SOURCE_DATE_EPOCH if it is set (reproducible-builds.org), otherwise the last commit's, or today."""
    seconds = os.environ.get("SOURCE_DATE_EPOCH")
    if not seconds:
        command = ["git", "-C", str(pathlib.Path(__file__).parent), "log", "-1", "--format=%ct"]
        try:
            seconds = subprocess.run(command, capture_output=True, text=True).stdout.strip()
        except OSError:
            pass
    date = datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc) if seconds else datetime.datetime.now()
    return f"{date:%B} {date.day}, {date.year}"
