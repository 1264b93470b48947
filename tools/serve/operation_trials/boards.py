#!/usr/bin/env python3
"""Conversations over three boards behind HAProxy, of which one is killed and one told to end. `tools/serve/boards` calls it.

The proxy's configuration is the example that is delivered, with other addresses. What has to hold, with affinity and without:
  - every conversation comes to its end, and every text is the one that a single server gives that nobody disturbs;
  - nothing of a conversation is computed twice: of each turn, at least the prompt and the answer of the turn before were cached;
  - who doesn't stream notices next to nothing: the proxy asks another board by itself. (Only where the others are full it can't;
    then a client is to ask again, as OpenAI's do, twice at most.)
  - a board that comes back is given work.
With --namespaces, as root, each board has a network of its own, and a third one's cable is pulled in mid-answer.
"""
import argparse
import concurrent.futures
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.dont_write_bytecode = True
from board import ROOT, Board, Report, ask, figures, free_port, stream, whole  # noqa: E402

EXAMPLE = ROOT / "tools" / "examples" / "serve" / "haproxy.cfg"
PARALLEL = 4
QUESTIONS = [
    "Who was the king of that land?", "And what did his servants say?", "Tell me of the river, and of the city beside it.",
    "What happened on the third day?", "Who came after him?", "Is that all that is written?",
]


class Loopback:
    """A board's place in this machine's own network."""

    def __init__(self, number):
        self.address, self.prefix = f"127.0.0.1:{free_port()}", []

    def remove(self):
        pass


class Namespace:
    """A board's place in a network namespace, with a cable to it that can be pulled."""

    def __init__(self, number):
        self.name, self.cable = f"rg-edge-{os.getpid()}-{number}", f"rg{os.getpid() % 100000}n{number}"
        net = f"10.213.{number}"
        self.address, self.prefix = f"{net}.2:8080", ["ip", "netns", "exec", self.name]
        for command in (
                f"netns add {self.name}", f"link add {self.cable} type veth peer name eth0 netns {self.name}",
                f"address add {net}.1/30 dev {self.cable}", f"link set {self.cable} up",
                f"-n {self.name} address add {net}.2/30 dev eth0", f"-n {self.name} link set eth0 up",
                f"-n {self.name} link set lo up"):
            subprocess.run(["ip", *command.split()], check=True)

    def pull(self):
        """Nothing arrives any more, and nothing says so: like a cable, or the power, of another machine."""
        subprocess.run(["ip", "-n", self.name, "link", "set", "eth0", "down"], check=True)

    def remove(self):
        subprocess.run(["ip", "netns", "delete", self.name], check=False)
        subprocess.run(["ip", "link", "delete", self.cable], check=False, stderr=subprocess.DEVNULL)


def configuration(places, port, affinity):
    """The example with these addresses, and with its documented switch."""
    text = EXAMPLE.read_text()

    def put(old, new):
        nonlocal text
        if text.count(old) != 1:
            sys.exit(f"tools/serve/boards: {EXAMPLE.name} has {text.count(old)} times: {old}")
        text = text.replace(old, new)

    put("    log /dev/log local0\n", "    log stdout format raw local0\n")
    if os.geteuid() != 0:
        put("    user haproxy\n    group haproxy\n    chroot /var/lib/haproxy\n", "")
    put("    bind :8080\n", f"    bind 127.0.0.1:{port}\n")
    put("    bind 127.0.0.1:8405\n", f"    bind 127.0.0.1:{free_port()}\n")
    for number, place in enumerate(places, 1):
        put(f"    server board{number} 192.168.1.1{number}:8080\n", f"    server board{number} {place.address}\n")
    if not affinity:
        put("    balance hdr(X-Session-Id)\n    hash-type consistent\n    hash-balance-factor 150\n", "    balance roundrobin\n")
    return text


class Conversation:
    """One client: its turns, one after the other. What is interrupted is asked again, as a client's library would."""

    def __init__(self, number, given):
        self.number, self.given = number, given
        self.streams = number % 3 != 2
        self.messages, self.turns, self.attempts = [], [], []

    def body(self, turn):
        return {
            "messages": self.messages, "seed": 1000 * self.number + turn, "temperature": 0.9,
            "max_completion_tokens": self.given.tokens, "logit_bias": {token: -100 for token in self.given.ends}}

    def take_turn(self, address, on_part=None, attempts=12):
        turn = len(self.turns)
        self.messages.append({"role": "user", "content": f"{QUESTIONS[turn % len(QUESTIONS)]} ({self.number})"})
        headers = {"X-Session-Id": f"conversation-{self.number}"}
        for attempt in range(1, attempts + 1):
            if self.streams:
                answer = stream(
                    address, "/v1/chat/completions", self.body(turn), headers=headers,
                    on_part=on_part and (lambda now: on_part(self.number, turn, now)))
            else:
                answer = whole(address, "/v1/chat/completions", self.body(turn), headers=headers, timeout=120)
            if not answer.broken:
                break
            print(f"{'':6} conversation {self.number}, turn {turn + 1}, {answer.board}: {answer.broken}", flush=True)
            time.sleep(0.3)
        else:
            raise RuntimeError(f"conversation {self.number} got no answer in {attempts} attempts")
        self.messages.append({"role": "assistant", "content": answer.text})
        self.turns.append(answer)
        self.attempts.append(attempt)


class Director:
    """Takes boards away while they answer: (conversation, turn) → what happens then, once."""

    def __init__(self, boards):
        self.boards, self.lock, self.plan, self.done = boards, threading.Lock(), {}, []

    def on_part(self, number, turn, answer):
        if (number, turn) not in self.plan or len(answer.arrivals) < 3:
            return
        with self.lock:
            action = self.plan.pop((number, turn), None)
            if action and answer.board in self.boards:
                action(answer.board)
                self.done.append(answer.board)


def run_turns(conversations, address, turns, on_part=None):
    with concurrent.futures.ThreadPoolExecutor(len(conversations)) as pool:
        def go(each):
            for _ in range(turns):
                each.take_turn(address, on_part)
                time.sleep(each.given.pause)
        for outcome in [pool.submit(go, each) for each in conversations]:
            outcome.result()


def undisturbed(given, folder, turns):
    """The conversations as one server has them, that keeps nothing in files."""
    address = f"127.0.0.1:{free_port()}"
    board = Board(given.server, given.model, address, folder / "alone.log", ["--parallel", PARALLEL, "--max-tokens", 4096])
    try:
        board.wait_until_healthy()
        conversations = [Conversation(number, given) for number in range(given.conversations)]
        run_turns(conversations, address, turns)
        return conversations
    finally:
        board.stop()


def boards_of(proxy_address, count, repeats):
    """For each of so many sessions, the boards that answer it when nothing else goes on."""
    return [
        {
            whole(
                proxy_address, "/v1/completions", {"prompt": f"{number} and", "max_tokens": 1, "seed": 1},
                headers={"X-Session-Id": f"calm-{number}"}).board
            for _ in range(repeats)}
        for number in range(count)]


def trial(given, report, expected, affinity, folder):
    name = "with affinity" if affinity else "without affinity"
    print(f"\n# Three boards, {name}", flush=True)
    sessions = folder / "sessions"
    sessions.mkdir(parents=True)
    places = [(Namespace if given.namespaces else Loopback)(number) for number in (1, 2, 3)]
    boards, proxy = {}, None

    def start(number):
        place = places[number - 1]
        boards[f"board{number}"] = Board(
            given.server, given.model, place.address, folder / f"board{number}.log",
            ["--parallel", PARALLEL, "--board", f"board{number}", "--sessions", sessions, "--without-keys",
             "--max-tokens", 4096], prefix=place.prefix)
        return boards[f"board{number}"]

    try:
        for number in (1, 2, 3):
            start(number)
        for board in boards.values():
            board.wait_until_healthy()
        port = free_port()
        (folder / "haproxy.cfg").write_text(configuration(places, port, affinity))
        with open(folder / "haproxy.log", "wb") as log:
            proxy = subprocess.Popen([given.haproxy, "-db", "-f", folder / "haproxy.cfg"], stdout=log, stderr=log)
        address = f"127.0.0.1:{port}"
        wait_for_proxy(proxy, address)
        hidden = ["/metrics", "/slots", "/metrics/", "/slots//", "/slots/?fail_on_no_slot=1", "http://localhost/metrics/?a"]
        report.check(
            all(ask(address, path)[0] == 404 and ask(address, path)[1].get("X-Board") is None for path in hidden),
            "the boards' figures are not shown through the proxy, however they are asked for")

        calm = boards_of(address, 8, 3)
        if affinity:
            # On a busy machine the proxy may just have missed a board for a moment, whose sessions others then answer.
            for _ in range(3):
                if all(len(each) == 1 for each in calm):
                    break
                time.sleep(2)
                calm = boards_of(address, 8, 3)
            report.check(
                all(len(each) == 1 for each in calm) and len(set.union(*calm)) > 1,
                f"a session has its board, and boards share the sessions: {[sorted(each)[0] for each in calm]}")
        else:
            report.check(any(len(each) > 1 for each in calm), "sessions have no board of their own")

        director = Director(boards)
        director.plan = {
            (0, 1): lambda name: boards[name].kill(signal.SIGKILL), (1, 2): lambda name: boards[name].kill(signal.SIGTERM)}
        conversations = [Conversation(number, given) for number in range(given.conversations)]
        run_turns(conversations, address, given.turns, director.on_part)
        report.check(len(set(director.done)) == 2, f"killed in mid-answer, and told to end: {', '.join(director.done)}")
        killed, ended = (director.done + ["board1", "board2"])[:2]
        codes = {boards[name].wait(5) for name in (killed, ended)}
        report.check(codes == {0, -signal.SIGKILL}, f"they ended with {sorted(codes, key=str)}")

        restarted = start(int(killed[-1])).wait_until_healthy()
        wait_for_work(address, restarted, affinity)
        if given.namespaces:
            other = next(name for name in boards if name not in (killed, ended))
            pull_a_cable(report, given, conversations, address, places[int(other[-1]) - 1], other)
        else:
            run_turns(conversations, address, 1)
        compare(report, conversations, expected, given)
        work = figures(restarted.address).get("rg_edge_prompt_tokens_total", 0)
        report.check(work > 0, f"{killed} came back and was given work: {work:.0f} tokens of prompts")
    finally:
        if proxy:
            proxy.terminate()
            proxy.wait()
        for board in boards.values():
            board.stop()
        for place in places:
            place.remove()


def wait_for_proxy(proxy, address):
    for _ in range(200):
        if proxy.poll() is not None:
            sys.exit("tools/serve/boards: haproxy ended; see haproxy.log")
        try:
            if ask(address, "/health", timeout=2)[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    sys.exit("tools/serve/boards: the proxy has no healthy board after 10 s")


def wait_for_work(address, board, affinity):
    """Until the proxy knows that a board is back."""
    end = time.monotonic() + 10
    number = 0
    while time.monotonic() < end and not figures(board.address).get("rg_edge_prompt_tokens_total", 0):
        number += 1
        whole(
            address, "/v1/completions", {"prompt": f"{number} and", "max_tokens": 1}, headers={"X-Session-Id": f"back-{number}"})
        time.sleep(0.1)


def pull_a_cable(report, given, conversations, address, place, name):
    """One more turn, during which a board can't be reached any more."""
    pulled = []

    def on_part(number, turn, answer):
        if answer.board == name and not pulled:
            pulled.append(time.monotonic())
            place.pull()

    run_turns(conversations, address, 1, on_part)
    # A conversation that happens not to be there is none the worse.
    report.note(f"{name}'s cable was {'pulled in mid-answer' if pulled else 'left alone: nobody was there'}")
    if pulled:
        report.note(f"the last conversation had its answer {time.monotonic() - pulled[0]:.1f} s later")


def compare(report, conversations, expected, given):
    texts, cached, moved, most = 0, [], 0, 0
    total = 0
    for mine, reference in zip(conversations, expected):
        for turn, (answer, right) in enumerate(zip(mine.turns, reference.turns)):
            total += 1
            texts += answer.text == right.text
            if answer.text != right.text:
                same = len(os.path.commonprefix([answer.text, right.text]))
                report.note(f"conversation {mine.number}, turn {turn + 1}: another text from character {same}")
            if turn:
                before = mine.turns[turn - 1]
                moved += before.board != answer.board
                # The last token of an answer is given out without having been read.
                missing = before.prompt_tokens + before.completion_tokens - 1 - answer.cached_tokens
                most = max(most, missing)
                cached.append(missing <= 0)
                if missing > 0:
                    report.note(
                        f"conversation {mine.number}, turn {turn + 1}, {before.board} → {answer.board}: {answer.cached_tokens} of "
                        f"{answer.prompt_tokens} cached, {missing} fewer than the turn before had")
    report.check(texts == total, f"{texts} of {total} texts are those of a server that nobody disturbs")
    report.check(
        all(cached), f"{sum(cached)} of {len(cached)} turns found all of the turn before; {moved} had moved to another board")
    report.check(moved > 0, "conversations moved")
    quiet = [attempt for each in conversations if not each.streams for attempt in each.attempts]
    report.check(
        max(quiet) <= 3 and sum(quiet) <= len(quiet) + 2,
        f"who doesn't stream asked {sum(quiet)} times for {len(quiet)} answers, at most {max(quiet)} times for one")
    again = sum(attempt - 1 for each in conversations if each.streams for attempt in each.attempts)
    report.check(again > 0, f"streams that broke off were asked for again {again} times")


def main():
    parser = argparse.ArgumentParser(
        prog="tools/serve/boards", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True, help="rg-edge-serve")
    parser.add_argument("--model", required=True)
    parser.add_argument("--haproxy", default="haproxy")
    parser.add_argument("--conversations", type=int, default=6)
    parser.add_argument("--turns", type=int, default=4, help="while boards go; one more follows (4)")
    parser.add_argument("--tokens", type=int, default=300, help="of an answer, so that it lasts (300)")
    parser.add_argument(
        "--pause", type=float, default=0.5,
        help="seconds that a client takes to read an answer: the server may then still save it (0.5)")
    parser.add_argument("--ends", default="1,6", help="tokens that would end an answer, and are not to (1,6)")
    parser.add_argument("--namespaces", action="store_true", help="a network for each board, and a cable to pull; root only")
    parser.add_argument("--folder", type=pathlib.Path, help="for what servers and the proxy say, kept")
    given = parser.parse_args()
    if given.conversations < 3 or given.turns < 3:
        sys.exit("tools/serve/boards: --conversations and --turns must be 3 or more")
    given.ends = given.ends.split(",")
    folder = given.folder or pathlib.Path(tempfile.mkdtemp(prefix="rg-edge-boards-"))
    report = Report("tools/serve/boards")
    try:
        expected = undisturbed(given, folder, given.turns + 1)
        for affinity in (True, False):
            trial(given, report, expected, affinity, folder / ("affinity" if affinity else "any"))
    finally:
        if not given.folder and not report.failures:
            shutil.rmtree(folder, ignore_errors=True)
        elif report.failures:
            print(f"{'':6} what servers and the proxy said is in {folder}")
    report.end()


if __name__ == "__main__":
    main()
