#!/usr/bin/env python3
"""A model with a reduced vocabulary beside the whole one, in Hugging Face's transformers, in float32.

    python vocabulary.py WHOLE PART TEXT

WHOLE is a checkpoint folder; PART is what `rg-quant export` makes of a file that `rg-quant convert WHOLE --type f32 --vocabulary …`
has written; of TEXT the first lines are used whose pieces are all in PART. Prints how many pieces are left, the tokens of these
lines, which must be the same pieces, and by how much the logits of the pieces that are left differ from the whole model's; ends
with 1 if by more than rounding.

Needs: torch (CPU), transformers 5.x, safetensors, sentencepiece, protobuf, numpy.
"""
import sys
import torch
from sentencepiece import SentencePieceProcessor
from transformers import AutoModelForCausalLM, AutoTokenizer

LENGTH = 512


def load(folder):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    return model, AutoTokenizer.from_pretrained(folder), SentencePieceProcessor(folder + "/tokenizer.model")


@torch.no_grad()
def main(whole_folder, part_folder, text_path):
    whole, whole_tokenizer, whole_pieces = load(whole_folder)
    part, part_tokenizer, part_pieces = load(part_folder)
    kept = [whole_pieces.piece_to_id(part_pieces.id_to_piece(i)) for i in range(part_pieces.get_piece_size())]
    assert kept == sorted(set(kept)) and part.config.vocab_size == len(kept)
    for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
        assert kept[getattr(part.config, name)] == getattr(whole.config, name), name
    print(f"{len(kept)} of {whole.config.vocab_size} pieces, {sum(p.numel() for p in part.parameters())} of "
          f"{sum(p.numel() for p in whole.parameters())} weights")

    lines, others, left = "", 0, set(kept)
    for line in open(text_path, encoding="utf-8"):
        if len(whole_tokenizer(lines)["input_ids"]) > LENGTH: break
        if left.issuperset(whole_tokenizer(line)["input_ids"]): lines += line
        else: others += 1
    expected, found = whole_tokenizer(lines)["input_ids"][:LENGTH], part_tokenizer(lines)["input_ids"][:LENGTH]
    assert [kept[i] for i in found] == expected, "the lines have other pieces"
    assert part_tokenizer.decode(found) == whole_tokenizer.decode(expected)
    print(f"{len(found)} tokens, the same with both tokenizers; {others} lines with other pieces were left out")

    reference = whole(input_ids=torch.tensor([expected])).logits[0][:, kept]
    logits = part(input_ids=torch.tensor([found])).logits[0]
    difference = float((logits - reference).abs().max() / reference.abs().max())
    print(f"logits differ by {difference:.1e} of the largest")
    return difference < 1e-5


if __name__ == "__main__":
    if len(sys.argv) != 4: sys.exit(__doc__)
    sys.exit(0 if main(*sys.argv[1:]) else 1)
