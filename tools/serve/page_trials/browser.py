"""Drives Chromium through its DevTools protocol, over the pipes that `--remote-debugging-pipe` reads and writes."""
import base64
import collections
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

KEYS = {"Enter": 13, "Escape": 27, "ArrowUp": 38, "ArrowDown": 40, "Tab": 9, " ": 32, "n": 78}
ALT, SHIFT = 1, 8


class Browser:
    """One Chromium with one tab; `events` holds what it reported and nobody took."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="rg-edge-page-")
        # Chromium reads descriptor 3 and writes 4: kept above 10 until the shell puts them there.
        (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()
        theirs = [fcntl.fcntl(number, fcntl.F_DUPFD, 10) for number in (theirs_in, theirs_out)]
        os.close(theirs_in), os.close(theirs_out)
        self.process = subprocess.Popen(
            ["bash", "-c", 'exec 3<&"$1" 4>&"$2"; shift 2; exec "$@"', "bash", *map(str, theirs), "chromium", "--headless=new",
             "--remote-debugging-pipe", f"--user-data-dir={self.profile}", "--no-first-run", "--disable-gpu", "--hide-scrollbars",
             "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--lang=en-US",
             *(["--no-sandbox"] if os.getuid() == 0 else []), "about:blank"],
            pass_fds=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for number in theirs:
            os.close(number)
        self.reading, self.writing, self.rest, self.number = ours_in, ours_out, b"", 0
        self.events, self.answers = collections.deque(), {}
        self.on_event = lambda method, parameters: None
        self.session = None
        targets = self.call("Target.getTargets")["targetInfos"]
        self.tab = next(t["targetId"] for t in targets if t["type"] == "page")
        self.session = self.attach(self.tab)

    def attach(self, target):
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        before, self.session = self.session, session
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            self.call(domain + ".enable")
        self.session = before
        return session

    def close(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def pump(self, seconds):
        """Takes what Chromium has written, waiting so long for it at most."""
        if not select.select([self.reading], [], [], seconds)[0]:
            return
        data = os.read(self.reading, 1 << 20)
        if not data:
            raise SystemExit("tools/serve/page: Chromium ended")
        *messages, self.rest = (self.rest + data).split(b"\0")
        for message in map(json.loads, messages):
            if "id" in message:
                self.answers[message["id"]] = message
            else:
                self.on_event(message["method"], message["params"])

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session and not method.startswith("Target."):
            message["sessionId"] = self.session
        os.write(self.writing, json.dumps(message).encode() + b"\0")
        number, end = self.number, time.monotonic() + 30
        while number not in self.answers:
            self.pump(1)
            if time.monotonic() > end:
                raise TimeoutError(method)
        answer = self.answers.pop(number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def run(self, script):
        """What a JavaScript expression is worth in the page."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"].get("exception", {}).get("description", str(result["exceptionDetails"])))
        return result["result"].get("value")

    def wait(self, script, seconds=15):
        """Until an expression is true; in a page that is still loading, it may make no sense yet."""
        end = time.monotonic() + seconds
        while not self.run(f"(() => {{ try {{ return {script}; }} catch {{ return false; }} }})()"):
            if time.monotonic() > end:
                raise AssertionError(f"this didn't become true: {script}")
            self.pump(0.03)

    def sleep(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.pump(0.05)

    def open(self, address):
        self.call("Page.navigate", url=address)
        self.wait("document.readyState === 'complete'")

    def type(self, text):
        self.call("Input.insertText", text=text)

    def key(self, key, modifiers=0):
        code = {"n": "KeyN", " ": "Space"}.get(key, key)
        text = {"text": "\r"} if key == "Enter" else {"text": " "} if key == " " else {}
        common = {"key": key, "code": code, "windowsVirtualKeyCode": KEYS[key], "modifiers": modifiers}
        self.call("Input.dispatchKeyEvent", type="keyDown", **common, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def click(self, script):
        """A click with the mouse in the middle of the element that an expression gives."""
        x, y = self.run(f"(e => {{ e.scrollIntoView({{block: 'nearest'}}); const r = e.getBoundingClientRect(); "
                        f"return [r.x + r.width / 2, r.y + r.height / 2]; }})({script})")
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def size(self, width, height, is_phone=False):
        scale = 2 if is_phone else 1
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=is_phone)
        self.call("Emulation.setTouchEmulationEnabled", enabled=is_phone)

    def media(self, **features):
        self.call("Emulation.setEmulatedMedia", features=[{"name": n.replace("_", "-"), "value": v} for n, v in features.items()])

    def shot(self, path):
        self.sleep(0.3)
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
