#!/usr/bin/env python3
"""Has a server on another processor go on with a conversation that one on this machine began, from the folder of sessions.

    tools/arm/serve_elsewhere.py MODEL.rgq rg-edge-serve -- EMULATOR... rg-edge-serve

The second turn must have the same text on both, the first turn must not be computed again, and without the folder the text must be
the same, too. Ends with 1 if one of these fails.
"""
import pathlib
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "serve" / "support"))
from board import Board, free_port, whole  # noqa: E402

QUESTIONS = ("Tell of the king of Israel.", "And what came to pass then?")


def answer(program, model, folder, messages, work):
    """A server's answer to a conversation, with a folder of sessions."""
    address = f"127.0.0.1:{free_port()}"
    board = Board(program[-1], model, address, work / "log", prefix=program[:-1],
                  options=["--session-memory", "16M", "--sessions", str(folder)])
    try:
        board.wait_until_healthy(seconds=60)
        return whole(address, "/v1/chat/completions", {"messages": messages, "max_tokens": 24, "seed": 7, "temperature": 1})
    finally:
        board.stop()


def main():
    model, here, split, *elsewhere = sys.argv[1:]
    assert split == "--", __doc__
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        messages = [{"role": "user", "content": QUESTIONS[0]}]
        first = answer([here], model, work / "begun", messages, work)
        messages += [{"role": "assistant", "content": first.text}, {"role": "user", "content": QUESTIONS[1]}]
        shutil.copytree(work / "begun", work / "taken")
        expected = answer([here], model, work / "begun", messages, work)
        gone_on = answer(elsewhere, model, work / "taken", messages, work)
        anew = answer(elsewhere, model, work / "empty", messages, work)
    print(f"here {expected.text!r}, elsewhere {gone_on.text!r}, with {gone_on.cached_tokens} of {gone_on.prompt_tokens} tokens there; "
          f"anew {anew.text!r}")
    known = first.prompt_tokens + first.completion_tokens
    sys.exit(not (expected.text == gone_on.text == anew.text != "" and gone_on.cached_tokens >= known and anew.cached_tokens == 0))


if __name__ == "__main__":
    main()
