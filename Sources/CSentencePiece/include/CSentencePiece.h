// What Sources/Text needs of SentencePiece's C++ API (sentencepiece_processor.h, 0.1.97), in C.
//
// No C++ exception leaves these functions, and the library's log is silent. A processor belongs to whoever loaded it, until it is
// destroyed; everything else that is handed out is borrowed. Encoding and looking up may go on in several threads at once.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A loaded tokenizer model.
typedef struct CSPProcessor CSPProcessor;

/// How a call ended.
typedef enum CSPEnding {
    CSP_OK,
    /// The library takes no such model, or has no tokens for the text.
    CSP_REFUSED,
    /// Memory ran out.
    CSP_NO_MEMORY
} CSPEnding;

/// Loads the `count` bytes of a serialized ModelProto, which are copied. If the library refuses them, `message`, of `capacity` > 0
/// bytes, holds its reason, cut where it does not fit and ended by NUL.
CSPEnding csp_load(const void *model, size_t count, CSPProcessor **processor, char *message, size_t capacity);

/// Frees a processor, and gives the memory back to the system; null does nothing.
void csp_destroy(CSPProcessor *processor);

/// Number of pieces; ids run from 0 to one less.
int32_t csp_piece_count(const CSPProcessor *processor);

/// Ids of the pieces that play a part, or -1.
int32_t csp_unknown(const CSPProcessor *processor);
int32_t csp_bos(const CSPProcessor *processor);
int32_t csp_eos(const CSPProcessor *processor);
int32_t csp_pad(const CSPProcessor *processor);

/// Encodes a text and gives the ids to `receive`, once, during the call; only if it ends well.
CSPEnding csp_encode(const CSPProcessor *processor, const char *text, size_t count,
                void (*receive)(void *context, const int32_t *ids, size_t count), void *context);

#ifdef __cplusplus
}
#endif
