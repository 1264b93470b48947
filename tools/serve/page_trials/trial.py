#!/usr/bin/env python3
"""Uses the page of `rg-edge serve` as a person would, in a headless Chromium; see `tools/serve/page`.

Between browser and server stands a proxy, which makes the server fail where it seldom does: it is busy, asks for a key, breaks
off, can't be reached, or takes its time. The checks ask nothing of what a model writes, so that any may be behind it. Exits with
1 and says what went wrong at the first check that fails.
"""
import argparse
import http.client
import http.server
import json
import pathlib
import shlex
import signal
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
import browser  # noqa: E402
import mock  # noqa: E402

PAGE = mock.PAGE
LARGEST = 30_000
LAST = "shown.messages.at(-1)"
IDLE = "!runs.has(shown.id)"
NAMED = "[...document.querySelectorAll('button')].filter(b => b.offsetParent && (b.textContent.trim() || b.title) === {}).at(-1)"

# What axe would look at first: names are checked in the accessibility tree, and here contrast, sizes and what sticks out.
CONTRAST = """(() => {
  const linear = value => (value /= 255) <= .03928 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4;
  const light = color => { const [r, g, b] = color.match(/[\\d.]+/g).map(linear); return .2126 * r + .7152 * g + .0722 * b; };
  const own = e => getComputedStyle(e).backgroundColor;
  const behind = e => !e ? 'rgb(255, 255, 255)' : own(e) === 'rgba(0, 0, 0, 0)' ? behind(e.parentElement) : own(e);
  const bad = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement, text = walk.currentNode.data.trim();
    if (!text || !e.offsetParent || e.closest('script, .unseen')) continue;
    const [a, b] = [light(getComputedStyle(e).color), light(behind(e))].sort((x, y) => y - x), ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) bad.push([text.slice(0, 30), ratio]);
  }
  return bad; })()"""
SEEN = "[...document.querySelectorAll('{}')].filter(e => e.offsetParent).map(e => [e, e.getBoundingClientRect()])"
SMALL = (SEEN.format("button, #list a, input, textarea")
         + ".filter(([, r]) => r.width < 24 || r.height < 24).map(([e]) => e.outerHTML)")
WIDE = (SEEN.format("main *, dialog *")
        + ".filter(([e, r]) => !e.closest('pre, .unseen') && r.right > innerWidth + 1).map(([e]) => e.outerHTML)")


class Proxy(http.server.BaseHTTPRequestHandler):
    """Hands everything on to `server`, but for what `faults` has for the next completions."""
    protocol_version = "HTTP/1.1"
    server_address, faults, bodies, pace, key, ended = None, [], [], 0, None, 0

    def log_message(self, *_):
        pass

    def refuse(self, status, kind, message, **headers):
        content = json.dumps({"error": {"message": message, "type": kind, "param": None, "code": None}}).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self):
        self.do_POST()

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = None
        if self.command == "POST":
            Proxy.bodies.append(json.loads(body))
            fault = Proxy.faults.pop(0) if Proxy.faults else None
        if fault == "down":
            self.close_connection = True
            self.connection.shutdown(2)
            return
        if fault == "busy":
            return self.refuse(429, "rate_limit_error", "Too many are waiting.", Retry_After="2")
        if fault == "broken":
            return self.refuse(500, "server_error", "The weights can't be read.")
        if Proxy.key and self.path != "/" and self.headers.get("Authorization") != "Bearer " + Proxy.key:
            return self.refuse(401, "authentication_error", "The key is missing or wrong.")
        host, port = Proxy.server_address
        there = http.client.HTTPConnection(host, port, timeout=60)
        headers = {n: v for n, v in self.headers.items() if n.lower() not in ("host", "origin", "referer", "connection")}
        there.request(self.command, self.path, body or None, headers)
        answer = there.getresponse()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "content-length", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        events = 0
        try:
            if fault == "reading":
                for done in range(0, 2049, 256):
                    self.chunk(b": progress %d/2048\n\n" % done)
                    time.sleep(0.15)
            while line := answer.readline():
                events += line.startswith(b"data:")
                if fault == "cut" and events == 6:
                    self.close_connection = True
                    break
                self.chunk(line)
                if line.startswith(b"data:"):
                    time.sleep(Proxy.pace)
            else:
                self.wfile.write(b"0\r\n\r\n")
        except OSError:
            Proxy.ended += 1
            self.close_connection = True
        finally:
            there.close()

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))


class Trial:
    def __init__(self, address, shots):
        self.address, self.shots = address, shots
        self.browser = browser.Browser()
        self.browser.on_event = self.event
        self.requests, self.complaints = [], []
        self.said = None  # what the next prompt() is answered with

    def event(self, method, parameters):
        if method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(parameters["exceptionDetails"].get("exception", {}).get("description", "an exception"))
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
            self.complaints.append(str(parameters["args"]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            # Chromium itself reports answers other than 200, which some checks bring about.
            if parameters["entry"]["source"] != "network":
                self.complaints.append(parameters["entry"]["text"])
        elif method == "Page.javascriptDialogOpening":
            said, self.said = self.said, None
            self.browser.number += 1
            message = {"id": self.browser.number, "method": "Page.handleJavaScriptDialog", "sessionId": self.browser.session,
                       "params": {"accept": said is not None, "promptText": said or ""}}
            browser.os.write(self.browser.writing, json.dumps(message).encode() + b"\0")

    # What a person does

    def button(self, name):
        self.browser.wait(f"!!{NAMED.format(json.dumps(name))}")
        self.browser.click(NAMED.format(json.dumps(name)))

    def send(self, text, waits=True):
        self.browser.run("$('box').focus()")
        self.browser.type(text)
        self.browser.key("Enter")
        if waits:
            self.browser.wait(IDLE)

    def shot(self, name):
        if self.shots:
            self.browser.shot(self.shots / (name + ".png"))

    # What must hold

    def check(self, script, what=None):
        value = self.browser.run(script)
        assert value is True, f"{what or script}: {value!r}"

    def none(self, script, what):
        value = self.browser.run(script)
        assert value == [], f"{what}: {value}"

    def names(self):
        """Every control has a name that is read out."""
        controls = {"button", "link", "textbox", "spinbutton", "dialog", "region", "navigation", "progressbar", "group"}
        for node in self.browser.call("Accessibility.getFullAXTree")["nodes"]:
            role = node.get("role", {}).get("value")
            if not node.get("ignored") and role in controls:
                assert node.get("name", {}).get("value", "").strip(), f"a {role} has no name"

    def looks(self):
        self.names()
        self.none(CONTRAST, "too little contrast")
        self.none(SMALL, "too small to be touched")
        self.none(WIDE, "sticks out")

    # The trial

    def all(self):
        steps = [name for name in vars(Trial) if name.startswith("try_")]
        for name in steps:
            Proxy.faults.clear()
            Proxy.pace, Proxy.key = 0, None
            began = time.monotonic()
            try:
                getattr(self, name)()
                self.browser.pump(0)
                assert not self.complaints, f"the browser complains: {self.complaints}"
                origin = self.address + "/"
                others = [url for url in self.requests if not url.startswith((origin, "data:", "about:"))]
                assert not others, f"requests to elsewhere: {others}"
            except (AssertionError, RuntimeError, TimeoutError) as problem:
                self.shot("failed")
                raise SystemExit(f"tools/serve/page: {name[4:].replace('_', ' ')}: {problem}")
            print(f"{name[4:].replace('_', ' '):32} ok  {time.monotonic() - began:.1f} s", flush=True)

    def try_size(self):
        size = len(PAGE.read_bytes())
        assert size < LARGEST, f"the page has {size} bytes"

    def try_opening(self):
        self.browser.size(1280, 800)
        self.browser.media(prefers_color_scheme="light")
        self.browser.open(self.address + "/")
        self.browser.wait("$('memory').textContent.includes('MB')")
        self.check("document.activeElement === $('box')")
        policy = self.browser.run("fetch('/').then(answer => answer.headers.get('content-security-policy'))")
        assert policy and "default-src 'none'" in policy and "http" not in policy, f"its policy: {policy}"
        self.looks()
        self.shot("empty")

    def try_sending(self):
        Proxy.pace = 0.03
        self.send("Why is the sky blue?", waits=False)
        self.browser.wait(f"{LAST}.content.length > 20")
        self.check("$('send').title === 'Stop'")
        self.check("!!document.querySelector('[aria-busy=true]') && !$('said').textContent", "nothing is read out before the end")
        self.shot("streaming")
        Proxy.pace = 0
        self.browser.wait(IDLE)
        self.check(f"{LAST}.content !== '' && !{LAST}.error && !{LAST}.state")
        self.check(f"$('said').textContent.includes({LAST}.content.slice(0, 20))", "the answer is read out at its end")
        self.check(f"/read, .*.* · first after .* · .* written/.test({LAST}.figures)", "figures")
        self.check("$('title').textContent === 'Why is the sky blue?' && location.hash.slice(1) === shown.id")
        self.looks()
        self.shot("light")

    def try_stopping(self):
        Proxy.pace = 0.05
        self.send("And in the evening?", waits=False)
        self.browser.wait(f"{LAST}.content.length > 10")
        ended = Proxy.ended
        self.browser.key("Escape")
        self.check(f"{IDLE} && {LAST}.state === 'Stopped.' && {LAST}.content !== ''")
        Proxy.pace = 0
        end = time.monotonic() + 5
        while Proxy.ended == ended:
            assert time.monotonic() < end, "the server wasn't told"
            self.browser.sleep(0.05)
        content = self.browser.run(LAST + ".content")
        self.button("Continue")
        self.browser.wait(IDLE)
        self.check(f"{LAST}.content.startsWith({json.dumps(content)}) && !{LAST}.state")
        assert Proxy.bodies[-1]["messages"][-1] == {"role": "assistant", "content": content}

    def try_regenerating(self):
        count = self.browser.run("shown.messages.length")
        self.button("Regenerate")
        self.browser.wait(IDLE)
        self.check(f"shown.messages.length === {count}")
        assert Proxy.bodies[-1]["messages"][-1]["role"] == "user"

    def try_editing(self):
        before = self.browser.run("shown.messages.map(m => m.content)")
        assert len(before) == 4
        self.browser.run("$('box').focus()")
        self.browser.key("ArrowUp")
        self.check("document.activeElement.ariaLabel + document.activeElement.value === 'Edit the messageAnd in the evening?'")
        self.browser.key("Escape")
        self.check("document.activeElement === $('box')")
        self.browser.run("[...document.querySelectorAll('.user button')][0].click()")
        self.shot("editing")
        self.browser.run("document.activeElement.select()")
        self.browser.type("Why is grass green?")
        self.browser.key("Enter")
        self.browser.wait(IDLE)
        self.check("shown.messages.length === 2 && shown.messages[0].content === 'Why is grass green?'")
        assert [m["content"] for m in Proxy.bodies[-1]["messages"]] == ["Why is grass green?"]
        self.button("Undo")
        self.check(f"JSON.stringify(shown.messages.map(m => m.content)) === JSON.stringify({json.dumps(before)})")

    def try_several_conversations(self):
        self.browser.key("n", browser.ALT)
        self.browser.wait("shown.messages.length === 0")
        self.check("document.activeElement === $('box')")
        self.send("Tell me of the sea, and of the ships that sail on it, and of harbours")
        self.check("$('list').children.length === 2 && $('title').textContent === 'Tell me of the sea, and of the'")
        self.browser.click("$('list').lastChild.firstChild")
        self.browser.wait("shown.messages[0]?.content === 'Why is the sky blue?'")
        self.check("document.querySelectorAll('.message').length === 4")
        self.said = "Of the sky"
        self.button("Rename")
        self.browser.wait("$('title').textContent === 'Of the sky'")
        self.button("Delete")
        self.browser.wait("shown.messages[0]?.content.startsWith('Tell me')")
        self.check("$('list').children.length === 1 && Object.keys(localStorage).filter(k => k.startsWith(KEPT)).length === 1")
        self.shot("deleted")
        self.button("Undo")
        self.browser.wait("$('title').textContent === 'Of the sky' && $('list').children.length === 2")

    def try_answers_at_once(self):
        """An answer goes on while another conversation is shown."""
        Proxy.pace = 0.03
        self.send("Go on.", waits=False)
        self.browser.wait(f"{LAST}.content.length > 10")
        self.browser.click("$('list').lastChild.firstChild")
        self.browser.wait("shown.messages[0].content.startsWith('Tell me')")
        self.check("$('list').textContent.includes('… Of the sky')")
        self.send("Of the sea.", waits=False)
        self.browser.wait("runs.size === 2")
        Proxy.pace = 0
        self.browser.wait("runs.size === 0")
        self.browser.run("history.back()")
        self.browser.wait("$('title').textContent === 'Of the sky'")
        self.check("shown.messages.length === 6 && document.querySelectorAll('.message').length === 6")

    def try_settings(self):
        self.button("Settings")
        self.check("document.activeElement === $('system')")
        self.looks()
        self.browser.type("Answer briefly.")
        for field, value in (("temperature", "0.5"), ("max_completion_tokens", "9"), ("seed", "0")):
            self.browser.run(f"$('{field}').focus()")
            self.browser.type(value)
        self.shot("settings")
        self.browser.key("Enter")
        self.browser.wait("!$('options').open")
        self.send("And then?")
        body = Proxy.bodies[-1]
        assert (body["temperature"], body["max_completion_tokens"], body["seed"]) == (0.5, 9, 0), body
        assert body["messages"][0] == {"role": "system", "content": "Answer briefly."}
        self.browser.key("n", browser.ALT)
        self.browser.wait("shown.messages.length === 0")
        self.check("shown.settings.system === 'Answer briefly.'", "new conversations take the settings over")
        self.browser.run("localStorage.removeItem('rg-edge:settings'); history.back()")
        self.browser.wait("$('title').textContent === 'Of the sky'")
        self.browser.run("shown.settings = settingsFrom(); save(shown)")

    def try_opening_again(self):
        messages = self.browser.run("shown.messages.map(m => m.content)")
        self.browser.open("about:blank")
        self.browser.open(self.address + "/")
        self.browser.wait("$('title').textContent === 'Of the sky'")
        self.check(f"JSON.stringify(shown.messages.map(m => m.content)) === JSON.stringify({json.dumps(messages)})")
        self.send("Where were we?")
        assert [m["content"] for m in Proxy.bodies[-1]["messages"]] == [*messages, "Where were we?"]
        self.check(f"{LAST}.content !== ''")
        # A tab that is closed in the middle of an answer keeps what there was.
        Proxy.pace = 0.05
        self.send("Slowly.", waits=False)
        self.browser.wait(f"{LAST}.content.length > 10")
        self.browser.call("Page.reload")
        self.browser.wait("document.readyState === 'complete' && shown?.messages.length")
        self.check(f"{LAST}.state === 'Incomplete.' && {LAST}.content !== ''")

    def try_reading_prompt(self):
        Proxy.faults.append("reading")
        self.send("A long text.", waits=False)
        self.browser.wait("document.querySelector('[aria-busy=true]')?.textContent.includes('1,')")
        self.check("/Reading: 1,\\d+ of 2,048 tokens/.test(document.querySelector('[aria-busy=true]').textContent)")
        self.looks()
        self.shot("reading")
        self.browser.wait(IDLE)

    def try_busy_server(self):
        Proxy.faults.append("busy")
        began = time.monotonic()
        self.send("Is it busy?", waits=False)
        self.browser.wait("document.body.textContent.includes('Trying again in 2 s')")
        self.shot("busy")
        self.browser.wait(IDLE)
        assert time.monotonic() - began > 2, "it didn't wait as long as it was told"
        self.check(f"{LAST}.content !== '' && !{LAST}.error")

    def try_cut_answer(self):
        Proxy.pace = 0.01
        Proxy.faults.append("cut")
        self.send("Will it end?")
        self.check(f"{LAST}.state === 'Incomplete.' && {LAST}.error === 'The connection broke off.' && {LAST}.content !== ''")
        self.looks()
        self.shot("cut")
        content = self.browser.run(LAST + ".content")
        self.button("Continue")
        self.browser.wait(IDLE)
        self.check(f"{LAST}.content.startsWith({json.dumps(content)}) && !{LAST}.error")

    def try_network_down(self):
        Proxy.faults += ["down"] * 4  # Chromium tries again by itself
        self.send("Is there anybody?")
        self.check(f"{LAST}.error === 'The server can’t be reached.' && $('said').textContent.includes('reached')")
        Proxy.faults.clear()
        self.button("Retry")
        self.browser.wait(IDLE)
        self.check(f"!{LAST}.error && {LAST}.content !== ''")
        Proxy.faults.append("broken")
        self.send("What then?")
        self.check(f"{LAST}.error.includes('weights')")
        self.shot("error")
        self.send("Hello?")
        assert Proxy.bodies[-1]["messages"][-1]["content"] == "What then?\n\nHello?"

    def try_key(self):
        Proxy.key = "secret"
        self.send("Open up!")
        self.browser.wait("$('options').open && document.activeElement === $('key')")
        self.shot("key")
        self.browser.type("secret")
        self.browser.key("Enter")
        self.browser.wait(f"{IDLE} && {LAST}.content !== ''")
        self.check(f"!{LAST}.error && !JSON.stringify(localStorage).includes('secret') && sessionStorage.length === 1")

    def try_rendering(self):
        """What a model writes is text, whatever it writes."""
        self.browser.run("""window.parts = make('div', {});
          window.html = text => { render(parts, text); return parts.innerHTML.replaceAll(' dir="auto"', ''); }; 0""")
        for text, html in [
            ("<img src=x onerror=alert(1)>", "<p>&lt;img src=x onerror=alert(1)&gt;</p>"),
            ("a **b `c`** `<d>`\ne", "<p>a <strong>b <code>c</code></strong> <code>&lt;d&gt;</code>\ne</p>"),
            ("# A\nb", "<h3>A</h3><p>b</p>"), ("2 * 3 * 4 ** 5", "<p>2 * 3 * 4 ** 5</p>"), ("", ""), ("\n\n", ""),
            ("`", "<p>`</p>"),
        ]:
            assert self.browser.run(f"html({json.dumps(text)})") == html, (text, self.browser.run(f"html({json.dumps(text)})"))
        self.check("html('- a\\n  - b\\n- c').match(/<li/g).length === 3 && parts.querySelectorAll('ul').length === 1")
        self.check("html('3. a\\n\\n4. b') && parts.querySelectorAll('ol')[1].firstChild.value === 4")
        self.browser.run("html('```js\\nlet a = `b`;\\n\\n<i>\\n```\\nc')")
        self.check("parts.querySelector('code').textContent === 'let a = `b`;\\n\\n<i>' && parts.lastChild.textContent === 'c'")
        self.browser.run("html('a\\n\\n```\\nb'); window.first = parts.firstChild; html('a\\n\\n```\\nbc')")
        self.check("first === parts.firstChild && parts.querySelector('code').textContent === 'bc'", "blocks stay")
        self.check("""['`', '*', '**a', '#', '- ', '\\n', '```\\n', '- a\\n', '``a`', '> '].every(part => {
          const began = performance.now(); render(make('div'), part.repeat(20000)); return performance.now() - began < 5000;
        })""", "no text takes long")
        self.browser.run("document.body.append(parts); render(parts, 'שלום עולם')")
        self.check("getComputedStyle(parts.firstChild).direction === 'rtl'")
        self.browser.run("parts.remove()")

    def try_typing(self):
        self.browser.run("$('box').value = ''; $('box').focus()")
        self.browser.type("one")
        self.browser.key("Enter", browser.SHIFT)
        # Enter in an input method's choice.
        self.browser.call("Input.imeSetComposition", text="に", selectionStart=1, selectionEnd=1)
        count = self.browser.run("shown.messages.length")
        self.browser.run("$('box').dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true }))")
        self.browser.run("$('box').dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true }))")
        self.check(f"shown.messages.length === {count} && $('box').value.startsWith('one')")
        self.browser.type("日本")
        self.browser.run("$('box').value = ''; $('box').dispatchEvent(new Event('input'))")

    def try_scrolling(self):
        Proxy.pace = 0.02
        self.send("Once more.", waits=False)
        self.browser.wait(f"{LAST}.content.length > 10")
        self.check("sticks")
        self.browser.run("$('scroll').scrollTop = 0")
        length = self.browser.run(f"{LAST}.content.length")
        self.browser.wait(f"{LAST}.content.length > {length} + 20 || {IDLE}")
        self.check("$('scroll').scrollTop === 0", "who scrolled away is left there")
        Proxy.pace = 0
        self.browser.wait(IDLE)

    def try_keyboard(self):
        """Every control is reached with Tab alone, and its focus is seen."""
        self.browser.run("$('box').blur(); document.activeElement.blur(); getSelection().removeAllRanges()")
        self.browser.run("$('begin').focus()")
        reached = set()
        for _ in range(150):
            self.browser.key("Tab")
            name, seen = self.browser.run("""(e => [e.id || e.textContent,
              e === document.body || e === box || getComputedStyle(e).outlineStyle !== 'none'])(document.activeElement)""")
            assert seen, f"the focus of {name!r} isn't seen"
            reached.add(name)
            if name == "begin":
                break
        missing = {"rename", "delete", "settings", "scroll", "box", "send", "Copy", "Edit", "Regenerate"} - reached
        assert not missing, f"not reached by keyboard: {missing}"
        self.browser.run("$('settings').focus()")
        self.browser.key("Enter")
        self.browser.wait("$('options').open")
        self.browser.key("Escape")
        self.browser.wait("!$('options').open && document.activeElement === $('settings')")

    def try_other_tab(self):
        """What another tab does is seen in this one."""
        here = self.browser.session
        there = self.browser.call("Target.createTarget", url=self.address + "/")["targetId"]
        self.browser.session = self.browser.attach(there)
        self.browser.wait("document.readyState === 'complete' && shown?.messages.length && $('list').children.length === 2")
        self.send("From elsewhere.")
        self.browser.run("conversations.forEach(c => { if (c !== shown) remove(c) })")
        id, count = self.browser.run("newest()[0].id"), self.browser.run("newest()[0].messages.length")
        self.browser.call("Target.closeTarget", targetId=there)
        self.browser.session = here
        self.browser.wait(f"$('list').children.length === 1 && conversations.get('{id}').messages.length === {count}")

    def try_storage(self):
        """Full, corrupt and missing storage."""
        for id, text in (
            ("a", "{"), ("b", '{"messages": [1, null, {"role": "user"}]}'),
            ("c", '{"messages": [{"role": "user", "content": "Kept"}], "changed": "x", "settings": 3, "title": null}'),
        ):
            self.browser.run(f"localStorage.setItem(KEPT + '{id}', {json.dumps(text)})")
        self.browser.run("localStorage.setItem('rg-edge:settings', '[]'); sessionStorage.setItem('rg-edge:key', '{')")
        self.browser.call("Page.reload")
        self.browser.wait("document.readyState === 'complete' && shown?.messages.length")
        self.check("$('list').children.length === 2 && $('list').lastChild.textContent === 'Kept'")
        self.browser.run("location.hash = 'c'")
        self.button("Answer")
        self.browser.wait(f"{IDLE} && {LAST}.role === 'assistant'")
        self.browser.run("localStorage.setItem('full', 'x'.repeat(5 * 1024 * 1024 - JSON.stringify(localStorage).length - 2000))")
        for _ in range(3):
            self.send("Is there room?")
        self.check("!$('notice').hidden && $('notice').textContent.includes('full') && !" + LAST + ".error")
        self.browser.run("localStorage.removeItem('full')")
        forbids = "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } })"
        script = self.browser.call("Page.addScriptToEvaluateOnNewDocument", source=forbids)
        self.browser.open("about:blank")
        self.browser.open(self.address + "/")
        self.browser.wait("shown")
        self.send("Without storage")
        self.check(f"{LAST}.content !== '' && $('list').children.length === 1")
        self.browser.call("Page.removeScriptToEvaluateOnNewDocument", identifier=script["identifier"])
        self.browser.open("about:blank")
        self.browser.open(self.address + "/")
        self.browser.wait("shown?.messages.length")

    def try_dark(self):
        self.browser.media(prefers_color_scheme="dark")
        self.browser.key("n", browser.ALT)
        self.browser.wait("shown.messages.length === 0")
        self.send("Why is the sky blue?")
        self.browser.run("$('scroll').scrollTop = 0")
        self.looks()
        self.shot("dark")
        Proxy.faults.append("broken")
        self.send("And now?")
        self.button("Settings")
        self.looks()
        self.button("Cancel")
        self.shot("dark-error")
        self.button("Retry")
        self.browser.wait(IDLE)

    def try_phone(self):
        for width, height in ((390, 844), (320, 568)):
            self.browser.size(width, height, is_phone=True)
            self.browser.media(prefers_color_scheme="light", prefers_reduced_motion="reduce")
            self.browser.sleep(0.2)
            self.check("document.scrollingElement.scrollWidth <= innerWidth && box.getBoundingClientRect().bottom <= innerHeight")
            self.looks()
            self.browser.run("$('scroll').scrollTop = 0")
            self.shot(f"phone-{width}")
            self.button("Conversations")
            self.browser.wait("document.activeElement === $('begin')")
            self.looks()
            self.shot(f"phone-{width}-list")
            self.browser.key("Escape")
            self.check("document.activeElement === $('menu') && getComputedStyle($('side')).visibility === 'hidden'")
            self.button("Settings")
            self.looks()
            self.shot(f"phone-{width}-settings")
            self.button("Cancel")
        # A keyboard on the screen takes half of it.
        self.browser.size(390, 420, is_phone=True)
        self.browser.run("$('box').focus()")
        self.browser.sleep(0.2)
        self.check("$('box').getBoundingClientRect().bottom <= innerHeight && $('scroll').clientHeight > 150")
        self.shot("phone-keyboard")


def main():
    parser = argparse.ArgumentParser(
        prog="tools/serve/page", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mock", action="store_true", help="a server that only pretends")
    parser.add_argument("--address", default="127.0.0.1:8080", help="where the command's server listens")
    parser.add_argument("--shots", type=pathlib.Path, metavar="FOLDER", help="where pictures of the page are left")
    parser.add_argument("command", nargs="*", help="starts a server")
    given = parser.parse_args()
    if given.mock == bool(given.command):
        parser.error("either --mock or a command that starts a server is needed")
    if given.shots:
        given.shots.mkdir(parents=True, exist_ok=True)

    server = None
    if given.mock:
        Proxy.server_address = mock.start()
    else:
        host, _, port = given.address.rpartition(":")
        Proxy.server_address = (host, int(port))
        server = subprocess.Popen(given.command)
    proxy = mock.Server(("127.0.0.1", 0), Proxy)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    trial = None
    try:
        end = time.monotonic() + 30
        while server:
            try:
                there = http.client.HTTPConnection(*Proxy.server_address, timeout=2)
                there.request("GET", "/health")
                there.getresponse().read()
                break
            except (OSError, http.client.HTTPException):
                if server.poll() is not None or time.monotonic() > end:
                    sys.exit(f"tools/serve/page: no server: {shlex.join(given.command)}")
                time.sleep(0.05)
        trial = Trial(f"http://127.0.0.1:{proxy.server_address[1]}", given.shots)
        trial.all()
    finally:
        if trial:
            trial.browser.close()
        if server:
            server.send_signal(signal.SIGTERM)
            server.wait()


main()
