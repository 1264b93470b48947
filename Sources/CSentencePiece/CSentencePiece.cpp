#include "CSentencePiece.h"

#include <sentencepiece_processor.h>

#include <malloc.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <string_view>
#include <vector>

namespace sentencepiece {
namespace logging {
// The library exports it, but Debian's package does not install the header that declares it.
void SetMinLogLevel(int level);
}  // namespace logging
}  // namespace sentencepiece

struct CSPProcessor {
    sentencepiece::SentencePieceProcessor processor;
};

namespace {

// Above LOG_FATAL of the library's common.h.
constexpr int silent = 4;

void copy(const char *reason, char *message, size_t capacity) {
    const size_t count = std::min(std::strlen(reason), capacity - 1);
    std::memcpy(message, reason, count);
    message[count] = 0;
}

}  // namespace

CSPEnding csp_load(const void *model, size_t count, CSPProcessor **processor, char *message, size_t capacity) {
    try {
        sentencepiece::logging::SetMinLogLevel(silent);
        auto loaded = std::make_unique<CSPProcessor>();
        const auto status =
            loaded->processor.LoadFromSerializedProto(std::string_view(static_cast<const char *>(model), count));
        if (status.ok()) {
            *processor = loaded.release();
            return CSP_OK;
        }
        copy(status.error_message(), message, capacity);
    } catch (const std::bad_alloc &) {
        return CSP_NO_MEMORY;
    } catch (const std::exception &error) {
        // The library's tables of pieces put the reason into one of their own.
        if (std::strstr(error.what(), "bad_alloc")) return CSP_NO_MEMORY;
        copy(error.what(), message, capacity);
    } catch (...) {
        copy("unknown error", message, capacity);
    }
    return CSP_REFUSED;
}

void csp_destroy(CSPProcessor *processor) {
    if (!processor) return;
    delete processor;
    // Hundreds of thousands of small blocks, which the C library would keep.
    malloc_trim(0);
}

int32_t csp_piece_count(const CSPProcessor *processor) { return processor->processor.GetPieceSize(); }

int32_t csp_unknown(const CSPProcessor *processor) { return processor->processor.unk_id(); }
int32_t csp_bos(const CSPProcessor *processor) { return processor->processor.bos_id(); }
int32_t csp_eos(const CSPProcessor *processor) { return processor->processor.eos_id(); }
int32_t csp_pad(const CSPProcessor *processor) { return processor->processor.pad_id(); }

CSPEnding csp_encode(const CSPProcessor *processor, const char *text, size_t count,
                void (*receive)(void *context, const int32_t *ids, size_t count), void *context) {
    static_assert(sizeof(int) == sizeof(int32_t), "ids are handed on as they are");
    std::vector<int> ids;
    try {
        if (!processor->processor.Encode(std::string_view(text, count), &ids).ok()) return CSP_REFUSED;
    } catch (...) {
        return CSP_NO_MEMORY;
    }
    receive(context, ids.data(), ids.size());
    return CSP_OK;
}
