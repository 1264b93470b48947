"""The shape of Gemma-1-2B."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Shape:
    layers: int = 18
    width: int = 2048
    heads: int = 8
    head_width: int = 256
    mlp_width: int = 16384
    vocabulary: int = 256_000
    context: int = 8192

    def layer_matrices(self):
        """Names and shapes [outputs, inputs] of a layer's matrices. One head of keys and values serves all queries."""
        queries = self.heads * self.head_width
        return {
            "attn_q": (queries, self.width), "attn_k": (self.head_width, self.width), "attn_v": (self.head_width, self.width),
            "attn_output": (self.width, queries), "ffn_gate": (self.mlp_width, self.width),
            "ffn_up": (self.mlp_width, self.width), "ffn_down": (self.width, self.mlp_width),
        }

    @property
    def layer_weights(self):
        """Weights of the matrices that every token passes."""
        return self.layers * sum(rows * columns for rows, columns in self.layer_matrices().values())

    @property
    def head_weights(self):
        """Weights of the head, which is also the embedding: a prompt passes it once, for its last token."""
        return self.vocabulary * self.width


GEMMA_2B = Shape()
