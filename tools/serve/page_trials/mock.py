"""Pretends to be `rg-edge serve`, as far as its page needs it, so that the page can be worked on without a model.

It answers with a text of its own that has every kind of block, a word at a time, and "remembers" a conversation's messages.
"""
import http.server
import json
import pathlib
import sys
import threading
import time

PAGE = pathlib.Path(__file__).resolve().parents[3] / "Sources" / "Serving" / "Resources" / "page.html"
POLICY = ("default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
          "base-uri 'none'; form-action 'none'")
ANSWER = """The sky is blue because air scatters **short waves** of light more than long ones: its molecules are far smaller than \
a wave, and then the part that is scattered grows with the fourth power of the frequency.

1. Sunlight holds all colours.
2. Blue has about two thirds of the wavelength of red, so some five times as much of it is scattered.
   - In the evening the way through the air is long.
   - What is left of the light by then is red.
3. The eye adds it up, with `cones` for three ranges.

As numbers:

```python
def scattered(wavelength, reference=700e-9):
    \"\"\"How much more than red light, by Rayleigh's law.\"\"\"
    return (reference / wavelength) ** 4

print(scattered(450e-9))  # 5.86
```

On Mars it is the other way round: fine dust makes the day's sky reddish, and the evening's blue."""


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A browser that has heard enough is none."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(*_)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = set()

    def log_message(self, *_):
        pass

    def answer(self, content, kind="application/json", status=200):
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if kind.startswith("text/html"):
            self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self):
        if self.path == "/":
            self.answer(PAGE.read_bytes(), "text/html; charset=utf-8")
        elif self.path == "/v1/models":
            models = [{"id": "recurrentgemma-2b-it-q4", "object": "model", "created": 0, "owned_by": "rg-edge"}]
            self.answer({"object": "list", "data": models})
        elif self.path == "/metrics":
            text = f"# HELP a\nrg_edge_process_resident_memory_bytes 1584234496\nrg_edge_sessions_resident {len(self.seen)}\n"
            self.answer(text.encode(), "text/plain; version=0.0.4")
        else:
            error = {"message": "There is no such address.", "type": "not_found_error", "param": None, "code": None}
            self.answer({"error": error}, status=404)

    def chunk(self, text):
        data = text.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def event(self, delta=None, finish=None, **more):
        choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
        value = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": "mock", "choices": choices, **more}
        self.chunk(f"data: {json.dumps(value)}\n\n")

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        messages = body["messages"]
        assert body["stream"] and body["stream_options"]["include_usage"] and messages
        turns = [m["role"] for m in messages if m["role"] != "system"]
        assert all(a != b for a, b in zip(turns, turns[1:])), turns
        began = messages.pop()["content"] if messages[-1]["role"] == "assistant" else ""
        words = ANSWER[len(began):].replace(" ", " \0").split("\0")[:body.get("max_completion_tokens", 10_000)]
        known = sum(len(m["content"].split()) for m in messages if m["content"] in self.seen)
        prompt = sum(len(m["content"].split()) + 4 for m in messages)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            self.chunk(f": progress {known}/{prompt}\n\n")
            self.event({"role": "assistant", "content": ""})
            start = time.monotonic()
            for word in words:
                self.event({"content": word})
                time.sleep(0.002)
            timings = {"cache_n": known, "prompt_n": prompt - known, "prompt_ms": 9.0, "predicted_n": len(words),
                       "predicted_ms": (time.monotonic() - start) * 1000}
            self.event({}, "length" if "max_completion_tokens" in body else "stop", timings=timings)
            self.event(usage={"prompt_tokens": prompt, "completion_tokens": len(words), "total_tokens": prompt + len(words),
                              "prompt_tokens_details": {"cached_tokens": known}})
            self.chunk("data: [DONE]\n\n")
            self.wfile.write(b"0\r\n\r\n")
            self.seen.update(m["content"] for m in messages)
        except OSError:
            self.close_connection = True


def start():
    """A server on a port of its own: its address."""
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address
