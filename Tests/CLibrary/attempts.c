/* Calls that allocate, for the tests of what happens where memory is refused. Each gives back what it was given. */
#include "attempts.h"

static rg_status open_another(rg_model *model, rg_session *session) {
    (void)model;
    (void)session;
    rg_model *opened = NULL;
    rg_model_options options = RG_MODEL_OPTIONS_INIT;
    options.threads = 2;
    const rg_status status = rg_model_open(model_path, &options, &opened);
    rg_model_close(opened);
    return status;
}

static rg_status create(rg_model *model, rg_session *session) {
    (void)session;
    rg_session *created = NULL;
    const rg_status status = rg_session_create(model, &created);
    rg_session_destroy(created);
    return status;
}

static rg_status fork_session(rg_model *model, rg_session *session) {
    (void)model;
    rg_session *copy = NULL;
    const rg_status status = rg_session_fork(session, &copy);
    rg_session_destroy(copy);
    return status;
}

static rg_status save_and_load(rg_model *model, rg_session *session) {
    const char *path = in_folder("tight.rgs");
    rg_status status = rg_session_save(session, path);
    if (status != RG_OK) return status;
    rg_session *loaded = NULL;
    status = rg_session_load(model, path, &loaded);
    rg_session_destroy(loaded);
    return status;
}

static rg_status generate(rg_model *model, rg_session *session) {
    (void)model;
    const char *stop[] = {"zzz"};
    Collected collected;
    memset(&collected, 0, sizeof collected);
    rg_generate_options options = RG_GENERATE_OPTIONS_INIT;
    options.max_tokens = 8;
    options.stop = stop;
    options.stop_count = 1;
    return rg_session_generate(session, "And", 3, &options, collect, &collected, NULL);
}

/* A model of its own: the other has no template. */
static rg_status generate_messages(rg_model *model, rg_session *session) {
    (void)model;
    (void)session;
    rg_model *chat = NULL;
    rg_session *created = NULL;
    const rg_message messages[] = {
        {RG_ROLE_SYSTEM, "Be brief.", 9}, {RG_ROLE_USER, "Who?", 4}, {RG_ROLE_MODEL, "He", 2}, {RG_ROLE_USER, "And?", 4}};
    Collected collected;
    memset(&collected, 0, sizeof collected);
    rg_generate_options options = RG_GENERATE_OPTIONS_INIT;
    options.max_tokens = 2;
    uint32_t tokens[128];
    size_t count = 0;
    rg_status status = rg_model_open(other_path, NULL, &chat);
    if (status == RG_OK) status = rg_tokenize_messages(chat, messages, 4, tokens, 128, &count);
    if (status == RG_OK) status = rg_session_create(chat, &created);
    if (status == RG_OK) status = rg_session_keep_turns(created, 1);
    if (status == RG_OK) status = rg_session_generate_messages(created, messages, 2, &options, collect, &collected, NULL);
    if (status == RG_OK) status = rg_session_generate_messages(created, messages, 4, &options, collect, &collected, NULL);
    rg_session_destroy(created);
    rg_model_close(chat);
    return status;
}

/* Texts long enough for what they take to matter: a line of half a megabyte, which is encoded at once, and as many tokens. */
enum { long_count = 100000 };

static rg_status tokenize_long(rg_model *model, rg_session *session) {
    (void)session;
    static char text[long_count];
    static uint32_t tokens[long_count];
    memset(text, 'a', sizeof text);
    size_t count = 0;
    return rg_tokenize(model, text, sizeof text, false, false, tokens, long_count, &count);
}

static rg_status detokenize_long(rg_model *model, rg_session *session) {
    (void)session;
    static char text[16 * long_count];
    static uint32_t tokens[long_count];
    for (size_t index = 0; index < long_count; index++) tokens[index] = 1000;
    size_t length = 0;
    return rg_detokenize(model, tokens, long_count, text, sizeof text, &length);
}

static rg_status detokenize_short(rg_model *model, rg_session *session) {
    (void)session;
    const uint32_t tokens[] = {300, 301, 302};
    char text[256];
    size_t length = 0;
    return rg_detokenize(model, tokens, 3, text, sizeof text, &length);
}

static rg_status tokenize_short(rg_model *model, rg_session *session) {
    (void)session;
    uint32_t tokens[64];
    size_t count = 0;
    return rg_tokenize(model, "In the beginning", 16, true, true, tokens, 64, &count);
}

static rg_status serialize(rg_model *model, rg_session *session) {
    size_t size = 0;
    rg_status status = rg_session_serialize(session, NULL, 0, &size);
    if (status != RG_ERROR_BUFFER) return status;
    static unsigned char buffer[8 << 20];
    if (size > sizeof buffer) exit(1);
    status = rg_session_serialize(session, buffer, sizeof buffer, &size);
    if (status != RG_OK) return status;
    rg_session *restored = NULL;
    status = rg_session_deserialize(model, buffer, size, &restored);
    rg_session_destroy(restored);
    return status;
}

static rg_status feed_chunks(rg_model *model, rg_session *session) {
    (void)model;
    uint32_t tokens[600];
    for (uint32_t index = 0; index < 600; index++) tokens[index] = 300 + index;
    return rg_session_feed(session, tokens, 600);
}

static rg_status feed_together(rg_model *model, rg_session *session) {
    uint32_t tokens[40];
    for (uint32_t index = 0; index < 40; index++) tokens[index] = 300 + index;
    rg_session *both[2] = {session, NULL};
    const uint32_t *starts[2] = {tokens, tokens};
    const size_t counts[2] = {40, 1};
    rg_status status = rg_session_create(model, &both[1]);
    if (status == RG_OK) status = rg_sessions_feed(both, 2, starts, counts, NULL);
    rg_session_destroy(both[1]);
    return status;
}

static rg_status sample(rg_model *model, rg_session *session) {
    (void)model;
    rg_sampling sampling = RG_SAMPLING_INIT;
    sampling.temperature = 0.8f;
    sampling.top_k = 40;
    sampling.top_p = 0.9f;
    sampling.repetition_penalty = 1.1f;
    const rg_logit_bias bias[] = {{5, 1}, {6, -1}, {7, 2}};
    sampling.logit_bias = bias;
    sampling.logit_bias_count = 3;
    uint32_t token = 0;
    return rg_session_sample(session, &sampling, &token);
}

/* More than a call may take without asking. */
static rg_status sample_with_bias(rg_model *model, rg_session *session) {
    (void)model;
    static rg_logit_bias bias[2000];
    for (uint32_t index = 0; index < 2000; index++) bias[index].token = index;
    rg_sampling sampling = RG_SAMPLING_INIT;
    sampling.logit_bias = bias;
    sampling.logit_bias_count = 2000;
    uint32_t token = 0;
    return rg_session_sample(session, &sampling, &token);
}

static rg_status logprobs(rg_model *model, rg_session *session) {
    (void)model;
    float logprob = 0;
    rg_token_logprob top[20];
    return rg_session_logprobs(session, 300, &logprob, top, 20);
}

static void ignore(void *user, const rg_token_info *token) {
    (void)user;
    (void)token;
}

/* With control tokens, which wait for text. */
static rg_status generate_with_tokens(rg_model *model, rg_session *session) {
    (void)model;
    const rg_logit_bias bias[] = {{0, 1000}};
    rg_sampling sampling = RG_SAMPLING_INIT;
    sampling.logit_bias = bias;
    sampling.logit_bias_count = 1;
    Collected collected;
    memset(&collected, 0, sizeof collected);
    rg_generate_options options = RG_GENERATE_OPTIONS_INIT;
    options.max_tokens = 30;
    options.on_token = ignore;
    options.top_logprobs = 20;
    options.sampling_at = &sampling;
    return rg_session_generate(session, "And", 3, &options, collect, &collected, NULL);
}

const Attempt attempts[] = {
    {"rg_model_open", open_another, true, false},
    {"rg_session_create", create, true, false},
    {"rg_session_fork", fork_session, true, false},
    {"rg_session_feed", feed_chunks, true, true},
    {"rg_sessions_feed", feed_together, true, true},
    {"rg_session_sample", sample, false, false},
    {"rg_session_sample with many biases", sample_with_bias, true, false},
    {"rg_session_logprobs", logprobs, false, false},
    {"rg_session_generate", generate, true, true},
    {"rg_session_generate with tokens", generate_with_tokens, true, true},
    {"rg_session_generate_messages", generate_messages, true, false},
    {"rg_session_save, rg_session_load", save_and_load, true, false},
    {"rg_session_serialize, rg_session_deserialize", serialize, true, false},
    {"rg_tokenize", tokenize_short, true, false},
    {"rg_tokenize of a long text", tokenize_long, true, false},
    {"rg_detokenize", detokenize_short, true, false},
    {"rg_detokenize of many tokens", detokenize_long, true, false},
};
const size_t attempt_count = sizeof attempts / sizeof *attempts;
