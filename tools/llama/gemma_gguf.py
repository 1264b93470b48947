#!/usr/bin/env python3
"""Write a GGUF file of Gemma-1-2B's shape with random f16 weights: the model nearest to RecurrentGemma-2B that llama.cpp runs.

    gemma_gguf.py OUT.gguf     5.0 GB; for llama-quantize

Needs: gguf, numpy. Speed does not depend on the weights' values, so one block of random numbers is written again and again.
"""
import argparse
import os

import gguf
import numpy as np

from gemma_shape import GEMMA_2B


def write_parameters(writer, shape):
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.mlp_width)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(1)
    writer.add_key_length(shape.head_width)
    writer.add_value_length(shape.head_width)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)


def write_vocabulary(writer, shape):
    """As Gemma's: four control tokens, the 256 bytes, then pieces."""
    control = ["<pad>", "<eos>", "<bos>", "<unk>"]
    byte = [f"<0x{value:02X}>" for value in range(256)]
    pieces = [f"\N{LOWER ONE EIGHTH BLOCK}w{number}" for number in range(shape.vocabulary - len(control) - len(byte))]
    kinds = gguf.TokenType
    writer.add_tokenizer_model("llama")
    writer.add_token_list(control + byte + pieces)
    writer.add_token_scores([0.0] * (len(control) + len(byte)) + [-float(number) for number in range(len(pieces))])
    writer.add_token_types(
        [kinds.CONTROL] * 3 + [kinds.UNKNOWN] + [kinds.BYTE] * len(byte) + [kinds.NORMAL] * len(pieces))
    writer.add_pad_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_bos_token_id(2)
    writer.add_unk_token_id(3)


def tensors(shape):
    """Names and shapes of all tensors; vectors are f32."""
    yield "token_embd.weight", (shape.vocabulary, shape.width)
    for layer in range(shape.layers):
        yield f"blk.{layer}.attn_norm.weight", (shape.width,)
        yield f"blk.{layer}.ffn_norm.weight", (shape.width,)
        for name, dimensions in shape.layer_matrices().items():
            yield f"blk.{layer}.{name}.weight", dimensions
    yield "output_norm.weight", (shape.width,)


def write(path, shape):
    writer = gguf.GGUFWriter(path, "gemma")
    write_parameters(writer, shape)
    write_vocabulary(writer, shape)
    for name, dimensions in tensors(shape):
        kind = np.float16 if len(dimensions) == 2 else np.float32
        writer.add_tensor_info(name, dimensions, np.dtype(kind), int(np.prod(dimensions)) * np.dtype(kind).itemsize)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    # So small that activations stay finite in any number of layers.
    random = (np.random.default_rng(1).standard_normal(1 << 22) * 0.02).astype(np.float16)
    for _, dimensions in tensors(shape):
        if len(dimensions) == 1:
            writer.write_tensor_data(np.ones(dimensions, np.float32))
        else:
            writer.write_tensor_data(np.resize(random, dimensions))
    writer.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    target = parser.parse_args().out
    write(target + ".partial", GEMMA_2B)
    os.replace(target + ".partial", target)
