"""What `tools/faults` runs: commands, the files that they find, and what they are to leave."""

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CHECKPOINT = ROOT / "Tests/Fixtures/oracle/beta"
# Some chunks of tokens for prompts and statistics.
TEXT = "Once upon a time there was a king who had three sons, and the youngest of them was called the fool by all. " * 8


@dataclass
class Scenario:
    """A command. `{}` in its arguments is a folder of its own, `{made}` one with the files that all share."""

    name: str
    command: list[str]
    # Files of `{made}` that are in the folder before, under these names.
    before: dict[str, str] = field(default_factory=dict)
    # What it writes: each is old, new, or as a fault has left it, but whole by its `check`.
    targets: list[str] = field(default_factory=list)
    # Where it may put, whole, what it could not put in a target, and then ends with 1.
    instead: list[str] = field(default_factory=list)
    # A command that succeeds only on a whole file, in the place of `{}`.
    check: list[str] | None = None
    stdin: str = ""
    # What it ends with where nothing fails: 1 if it refuses, and a fault must not make it do what it refuses.
    exit: int = 0
    # True where a fault may end in other output: what is computed then is another thing.
    output_varies: bool = False


QUANT, EDGE = "rg-quant", "rg-edge"
MODEL = "{made}/model.rgq"
SESSION_CHECK = [EDGE, "prompt", "-m", MODEL, "--session", "{}", "-n", "1", "--raw", "x"]

SCENARIOS = [
    Scenario("convert", [QUANT, "convert", str(CHECKPOINT), "-o", "{}/out.rgq", "--chat-template", "gemma", "--quiet"],
             {"out.rgq": "model.rgq"}, ["out.rgq"], check=[QUANT, "verify", "{}"]),
    Scenario("convert-importance", [QUANT, "convert", str(CHECKPOINT), "-o", "{}/out.rgq", "--importance", "{made}/statistics",
                                    "--type", "q4-small", "--quiet"], {}, ["out.rgq"], check=[QUANT, "verify", "{}"]),
    Scenario("convert-vocabulary", [QUANT, "convert", str(CHECKPOINT), "-o", "{}/out.rgq", "--quiet", "--vocabulary",
                                    "{made}/text.txt", "{made}/text.txt"], {}, ["out.rgq"], check=[QUANT, "verify", "{}"]),
    Scenario("verify", [QUANT, "verify", MODEL]),
    Scenario("inspect", [QUANT, "inspect", MODEL]),
    Scenario("calibrate", [QUANT, "calibrate", MODEL, "{made}/text.txt", "-o", "{}/statistics"],
             {"statistics": "statistics"}, ["statistics"],
             check=[QUANT, "convert", str(CHECKPOINT), "-o", "{}.rgq", "--importance", "{}", "--quiet"]),
    Scenario("export", [QUANT, "export", MODEL, "{}/out"], {},
             ["out/config.json", "out/tokenizer.model", "out/chat_template.jinja", "out/model.safetensors"]),
    Scenario("export-occupied", [QUANT, "export", MODEL, "{}/cache"], {"cache": "cache"}, exit=1),
    Scenario("compare", [QUANT, "compare", str(CHECKPOINT), MODEL, "--html", "{}/page.html"], {}, ["page.html"]),
    Scenario("info", [EDGE, "info", MODEL], output_varies=True),
    Scenario("tokenize", [EDGE, "tokenize", "-m", MODEL, TEXT[:99]]),
    Scenario("prompt", [EDGE, "prompt", "-m", MODEL, "-n", "4", "Once upon"]),
    Scenario("prompt-resident", [EDGE, "prompt", "-m", MODEL, "--resident", "0M", "-n", "4", "Once upon"]),
    Scenario("prompt-stdin", [EDGE, "prompt", "-m", MODEL, "-n", "4", "--raw", "-"], stdin=TEXT),
    Scenario("prompt-session", [EDGE, "prompt", "-m", MODEL, "--session", "{}/s.rgs", "-n", "4", " and then"],
             {"s.rgs": "session.rgs"}, ["s.rgs"], ["s-2.rgs"], SESSION_CHECK),
    Scenario("prompt-cache", [EDGE, "prompt", "-m", MODEL, "--prompt-cache", "{}/cache", "-n", "4", "--raw", TEXT + "The end."],
             {"cache": "cache"}),
    Scenario("chat", [EDGE, "chat", "-m", MODEL, "-n", "4", "--temperature", "0", "--session", "{}/s.rgs"], {"s.rgs": "session.rgs"}, ["s.rgs"],
             ["s-2.rgs"], SESSION_CHECK, "hello\n/stats\n/save {}/other.rgs\nand so\n", output_varies=True),
    Scenario("perplexity", [EDGE, "perplexity", "-m", MODEL, "{made}/text.txt"]),
    Scenario("logits", [EDGE, "logits", "-m", MODEL, "--tokens", "2,5,9", "-o", "{}/l.npy"], {}, ["l.npy"]),
]


def make(folder: Path, programs: Path) -> None:
    """Makes the files that scenarios share."""

    def run(program: str, *arguments: object) -> None:
        command = [str(programs / program), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300)
        if done.returncode != 0:
            raise SystemExit(f"tools/faults: {' '.join(command)} fails without a fault: {done.stderr}")

    model = folder / "model.rgq"
    (folder / "text.txt").write_text(TEXT)
    run(QUANT, "convert", CHECKPOINT, "-o", model, "--type", "q8", "--chat-template", "gemma", "--quiet")
    run(QUANT, "calibrate", model, folder / "text.txt", "-o", folder / "statistics")
    run(EDGE, "prompt", "-m", model, "--session", folder / "session.rgs", "-n", "5", "Once upon a time")
    run(EDGE, "prompt", "-m", model, "--prompt-cache", folder / "cache", "-n", "3", "--raw", TEXT)


def lay(scenario: Scenario, folder: Path, made: Path) -> None:
    """Makes `folder` anew with the files that the scenario finds."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, source in scenario.before.items():
        if (made / source).is_dir():
            shutil.copytree(made / source, folder / name)
        else:
            shutil.copy(made / source, folder / name)
