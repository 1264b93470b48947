#!/usr/bin/env python3
"""RG Edge from Python, through ctypes and nothing else: how far a text surprises a model, token by token.

  LD_LIBRARY_PATH=PREFIX/lib ./rg_edge.py MODEL.rgq "In the beginning God created"
"""
import ctypes
import math
import sys


class ModelOptions(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("threads", ctypes.c_uint32), ("lock_memory", ctypes.c_bool),
                ("preload", ctypes.c_bool), ("verify", ctypes.c_bool)]


class RGEdgeError(Exception):
    """A call that failed: its rg_status, and the library's sentence."""

    def __init__(self, status, sentence):
        super().__init__(sentence)
        self.status = status


LIBRARY = ctypes.CDLL("librg_edge.so.1")
LIBRARY.rg_last_error.restype = ctypes.c_char_p
LIBRARY.rg_version.restype = ctypes.c_char_p
LIBRARY.rg_model_close.argtypes = LIBRARY.rg_session_destroy.argtypes = [ctypes.c_void_p]
OK, BUFFER_TOO_SMALL = 0, 8


def call(function, *arguments, expected=(OK,)):
    """Calls a function that returns a status, and returns it; one that is not expected is raised."""
    status = function(*arguments)
    if status not in expected:
        raise RGEdgeError(status, LIBRARY.rg_last_error().decode())
    return status


class Model:
    def __init__(self, path, **options):
        self.handle = ctypes.c_void_p()
        options = ModelOptions(struct_size=ctypes.sizeof(ModelOptions), **options)
        call(LIBRARY.rg_model_open, path.encode(), ctypes.byref(options), ctypes.byref(self.handle))

    def __del__(self):
        LIBRARY.rg_model_close(self.handle)

    def tokenize(self, text, add_bos=True):
        data, count = text.encode(), ctypes.c_size_t(len(text.encode()) + 1)
        # A token is at least a byte.
        tokens = (ctypes.c_uint32 * count.value)()
        call(LIBRARY.rg_tokenize, self.handle, data, ctypes.c_size_t(len(data)), ctypes.c_bool(add_bos), ctypes.c_bool(False),
             tokens, count, ctypes.byref(count))
        return list(tokens[:count.value])

    def detokenize(self, tokens):
        array, length = (ctypes.c_uint32 * len(tokens))(*tokens), ctypes.c_size_t()
        count = ctypes.c_size_t(len(tokens))
        # Without a buffer it only tells the size.
        if call(LIBRARY.rg_detokenize, self.handle, array, count, None, ctypes.c_size_t(0), ctypes.byref(length),
                expected=(OK, BUFFER_TOO_SMALL)) == OK:
            return ""
        text = ctypes.create_string_buffer(length.value)
        call(LIBRARY.rg_detokenize, self.handle, array, count, text, length, ctypes.byref(length))
        return text.raw[:length.value].decode()


class Session:
    def __init__(self, model):
        # The library keeps the model open; Python needn't.
        self.handle = ctypes.c_void_p()
        call(LIBRARY.rg_session_create, model.handle, ctypes.byref(self.handle))

    def __del__(self):
        LIBRARY.rg_session_destroy(self.handle)

    def feed(self, tokens):
        call(LIBRARY.rg_session_feed, self.handle, (ctypes.c_uint32 * len(tokens))(*tokens), ctypes.c_size_t(len(tokens)))

    def logits(self):
        """Those after the last token, in the library's own memory until the session is next fed."""
        start, count = ctypes.POINTER(ctypes.c_float)(), ctypes.c_size_t()
        call(LIBRARY.rg_session_logits, self.handle, ctypes.byref(start), ctypes.byref(count))
        return (ctypes.c_float * count.value).from_address(ctypes.addressof(start.contents))


def main():
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} MODEL TEXT")
    try:
        model = Model(sys.argv[1])
        session = Session(model)
        tokens = model.tokenize(sys.argv[2])
        total = 0.0
        for token, following in zip(tokens, tokens[1:]):
            session.feed([token])
            logits = session.logits()
            largest = max(logits)
            surprise = math.log(sum(math.exp(logit - largest) for logit in logits)) + largest - logits[following]
            total += surprise
            print(f"{surprise / math.log(2):6.2f} bits  {model.detokenize([following])!r}")
        print(f"perplexity {math.exp(total / max(1, len(tokens) - 1)):.2f} (librg_edge {LIBRARY.rg_version().decode()})")
    except RGEdgeError as error:
        sys.exit(f"{sys.argv[0]}: {error}")


if __name__ == "__main__":
    main()
