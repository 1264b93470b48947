/* Generating text: what is shown, what ends it, and where the session is afterwards. */
#include "tests.h"

static const char prompt[] = "And the king said";
static const size_t prompt_length = sizeof prompt - 1;

static rg_generate_options short_options(void) {
    rg_generate_options options = RG_GENERATE_OPTIONS_INIT;
    options.max_tokens = 12;
    return options;
}

static rg_status generate(rg_session *session, const rg_generate_options *options, Collected *collected,
                          rg_generate_result *result) {
    memset(collected->text, 0, sizeof collected->text);
    collected->length = 0;
    collected->pieces = 0;
    return rg_session_generate(session, prompt, prompt_length, options, collect, collected, result);
}

static void test_refusals(rg_model *model, bool are_fed) {
    Twins twins = make_twins(model, are_fed);
    Collected collected;
    collected.stop_after = 0;
    rg_generate_options options = short_options();
    rg_generate_result result = RG_GENERATE_RESULT_INIT;
    result.prompt_tokens = 77;
    rg_session *subject = twins.subject;

    EXPECT_ERROR(RG_ERROR_ARGUMENT, "session is NULL", generate(NULL, &options, &collected, &result));
    REFUSES(twins, RG_ERROR_ARGUMENT, "prompt is NULL",
            rg_session_generate(subject, NULL, 3, &options, collect, &collected, &result));
    REFUSES(twins, RG_ERROR_ARGUMENT, "fit",
            rg_session_generate(subject, prompt, SIZE_MAX, &options, collect, &collected, &result));
    REFUSES(twins, RG_ERROR_ARGUMENT, "options is NULL", generate(subject, NULL, &collected, &result));
    REFUSES(twins, RG_ERROR_ARGUMENT, "on_text is NULL", rg_session_generate(subject, prompt, 3, &options, NULL, NULL, &result));

    rg_generate_options bad = options;
    bad.struct_size = 1;
    REFUSES(twins, RG_ERROR_VERSION, "struct_size of options", generate(subject, &bad, &collected, &result));
    bad = options;
    bad.sampling.struct_size = 0;
    REFUSES(twins, RG_ERROR_VERSION, "options.sampling", generate(subject, &bad, &collected, &result));
    bad = options;
    bad.sampling.top_p = 2;
    REFUSES(twins, RG_ERROR_ARGUMENT, "top-p", generate(subject, &bad, &collected, &result));
    bad = options;
    bad.stop_count = 1;
    REFUSES(twins, RG_ERROR_ARGUMENT, "stop is NULL", generate(subject, &bad, &collected, &result));
    bad.stop_count = SIZE_MAX;
    const char *none[] = {NULL}, *empty[] = {""}, *damaged[] = {"\xC3"};
    bad.stop = none;
    REFUSES(twins, RG_ERROR_ARGUMENT, "fit", generate(subject, &bad, &collected, &result));
    bad.stop_count = 1;
    REFUSES(twins, RG_ERROR_ARGUMENT, "a stop string is NULL", generate(subject, &bad, &collected, &result));
    bad.stop = empty;
    REFUSES(twins, RG_ERROR_ARGUMENT, "empty", generate(subject, &bad, &collected, &result));
    bad.stop = damaged;
    REFUSES(twins, RG_ERROR_ARGUMENT, "not UTF-8", generate(subject, &bad, &collected, &result));
    /* The small model has no chat template. */
    bad = options;
    bad.as_chat_turn = true;
    REFUSES(twins, RG_ERROR_ARGUMENT, "template", generate(subject, &bad, &collected, &result));

    rg_generate_result small = result;
    small.struct_size = 4;
    REFUSES(twins, RG_ERROR_VERSION, "struct_size of result", generate(subject, &options, &collected, &small));
    CHECK(result.prompt_tokens == 77 && small.prompt_tokens == 77);
    destroy_twins(twins);
}

static void test_text_and_place(rg_model *model) {
    Collected whole, part, none;
    whole.stop_after = none.stop_after = 0;
    rg_generate_options options = short_options();
    rg_generate_result result = RG_GENERATE_RESULT_INIT;
    Twins twins = make_twins(model, false);
    EXPECT(RG_OK, generate(twins.subject, &options, &whole, &result));
    CHECK(result.finish == RG_FINISH_LENGTH && result.generated_tokens == 12 && whole.length > 0);
    CHECK(result.prompt_tokens > 1 && result.prefill_seconds > 0 && result.decode_seconds > 0);
    CHECK(rg_session_position(twins.subject) == result.prompt_tokens + result.generated_tokens);
    /* The same again; NULL where the header allows it. */
    EXPECT(RG_OK, generate(twins.twin, &options, &none, NULL));
    CHECK(whole.length == none.length && memcmp(whole.text, none.text, whole.length) == 0);
    CHECK_ALIKE(twins);
    destroy_twins(twins);

    /* A callback that stops: the session is where one is that made that many tokens. */
    for (int pieces = 1; pieces < 6; pieces++) {
        twins = make_twins(model, pieces % 2 == 0);
        part.stop_after = pieces;
        options.max_tokens = 0;
        EXPECT(RG_OK, generate(twins.subject, &options, &part, &result));
        CHECK(result.finish == RG_FINISH_CANCELLED && part.pieces == pieces);
        options.max_tokens = result.generated_tokens;
        EXPECT(RG_OK, generate(twins.twin, &options, &none, NULL));
        CHECK(none.length == part.length && memcmp(none.text, part.text, part.length) == 0);
        CHECK_ALIKE(twins);
        destroy_twins(twins);
    }

    /* A stop string is not shown, and its tokens are taken back. */
    char word[8] = "";
    memcpy(word, whole.text + whole.length - 5, 3);
    const char *stop[] = {"zzz", word};
    options = short_options();
    options.stop = stop;
    options.stop_count = 2;
    rg_session *session = new_session(model);
    part.stop_after = 0;
    EXPECT(RG_OK, generate(session, &options, &part, &result));
    part.text[part.length] = 0;
    CHECK(result.finish == RG_FINISH_STOP && part.length < whole.length && !strstr(part.text, word));
    CHECK(memcmp(part.text, whole.text, part.length) == 0);
    CHECK(rg_session_position(session) < (uint64_t)result.prompt_tokens + result.generated_tokens);
    rg_session_destroy(session);

    /* Nothing but BOS. */
    session = new_session(model);
    options = short_options();
    EXPECT(RG_OK, rg_session_generate(session, NULL, 0, &options, collect, &none, &result));
    CHECK(result.prompt_tokens == 1);
    rg_session_destroy(session);
}

/* What on_progress was told; it stops after `stop_after` calls, if that isn't 0. on_text gets the same `user`. */
typedef struct Progress {
    Collected collected;
    size_t done, total;
    int calls, stop_after;
    /* Cancelled by the callback, if it isn't NULL. */
    rg_session *cancelled;
} Progress;

static bool note_progress(void *user, size_t done, size_t total) {
    Progress *progress = (Progress *)user;
    CHECK(done > progress->done && done <= total && (progress->total == 0 || total == progress->total));
    progress->done = done;
    progress->total = total;
    progress->calls++;
    rg_session_cancel(progress->cancelled);
    return progress->calls != progress->stop_after;
}

static bool collect_progress(void *user, const char *text, size_t length) {
    return collect(&((Progress *)user)->collected, text, length);
}

/* A prompt of several passes: how far it is, and that it can be stopped after each of them. */
static void test_progress(rg_model *model, bool are_fed) {
    enum { count = 400 };
    static char longer[count * 4 + 1];
    for (int index = 0; index < count; index++) memcpy(longer + 4 * index, "And ", 4);
    rg_generate_options options = short_options();
    options.on_progress = note_progress;
    rg_generate_result result = RG_GENERATE_RESULT_INIT;
    Twins twins = make_twins(model, are_fed);
    for (int way = 0; way < 4; way++) {
        Progress progress;
        memset(&progress, 0, sizeof progress);
        if (way < 2) progress.stop_after = way + 1;
        if (way == 2) progress.cancelled = twins.subject;
        const uint64_t start = rg_session_position(twins.subject);
        EXPECT(RG_OK, rg_session_generate(twins.subject, longer, strlen(longer), &options, collect_progress, &progress, &result));
        if (way == 3) {
            CHECK(progress.calls > 1 && progress.done == progress.total && progress.total == result.prompt_tokens);
            CHECK(result.finish == RG_FINISH_LENGTH && progress.collected.length > 0);
        } else if (progress.done < progress.total) {
            CHECK(result.finish == RG_FINISH_CANCELLED && result.prompt_tokens == 0 && result.generated_tokens == 0);
            CHECK(progress.collected.length == 0 && progress.calls == (way == 1 ? 2 : 1));
            CHECK_ALIKE(twins);
        } else {
            /* After the last pass the prompt has been read. */
            CHECK(result.finish == RG_FINISH_CANCELLED && result.prompt_tokens == progress.total && result.generated_tokens == 0);
            CHECK(rg_session_position(twins.subject) == start + progress.total);
            REQUIRE(rg_session_reset(twins.subject));
            REQUIRE(rg_session_reset(twins.twin));
        }
    }
    Collected none;
    memset(&none, 0, sizeof none);
    options.on_progress = NULL;
    EXPECT(RG_OK, rg_session_generate(twins.twin, longer, strlen(longer), &options, collect, &none, &result));
    CHECK_ALIKE(twins);
    destroy_twins(twins);
}

/* Options of an earlier version, and sampling that may have grown. */
static void test_options(rg_model *model) {
    rg_sampling hot = RG_SAMPLING_INIT;
    hot.temperature = 1;
    hot.seed = 7;
    rg_generate_options inside = short_options(), pointed = short_options();
    inside.sampling.temperature = hot.temperature;
    inside.sampling.seed = hot.seed;
    pointed.sampling_at = &hot;
    /* Not looked at. */
    pointed.sampling.struct_size = 0;
    Collected first, second;
    first.stop_after = second.stop_after = 0;
    Twins twins = make_twins(model, true);
    EXPECT(RG_OK, generate(twins.subject, &inside, &first, NULL));
    EXPECT(RG_OK, generate(twins.twin, &pointed, &second, NULL));
    CHECK(first.length > 0 && first.length == second.length && memcmp(first.text, second.text, first.length) == 0);
    CHECK_ALIKE(twins);

    hot.struct_size = 4;
    REFUSES(twins, RG_ERROR_VERSION, "struct_size of sampling_at", generate(twins.subject, &pointed, &second, NULL));
    hot.struct_size = sizeof hot;
    hot.top_p = 2;
    REFUSES(twins, RG_ERROR_ARGUMENT, "top-p", generate(twins.subject, &pointed, &second, NULL));
    /* One of a later version. */
    struct {
        rg_sampling known;
        uint64_t unknown;
    } later = {RG_SAMPLING_INIT, 0};
    later.known.struct_size = sizeof later;
    pointed.sampling_at = &later.known;
    inside = short_options();
    EXPECT(RG_OK, generate(twins.subject, &inside, &first, NULL));
    EXPECT(RG_OK, generate(twins.twin, &pointed, &second, NULL));
    CHECK(first.length == second.length && memcmp(first.text, second.text, first.length) == 0);
    CHECK_ALIKE(twins);
    later.unknown = 1;
    REFUSES(twins, RG_ERROR_VERSION, "doesn't know", generate(twins.subject, &pointed, &second, NULL));

    /* A program for the first version: nothing behind stop_count is read. */
    rg_generate_options old = short_options();
    old.struct_size = offsetof(rg_generate_options, sampling_at);
    old.sampling_at = (const rg_sampling *)&failures;
    old.on_progress = (rg_on_progress)note_progress;
    old.top_logprobs = SIZE_MAX;
    EXPECT(RG_OK, generate(twins.subject, &old, &first, NULL));
    EXPECT(RG_OK, generate(twins.twin, &inside, &second, NULL));
    CHECK_ALIKE(twins);
    destroy_twins(twins);
}

/* Another call on the session, from inside. */
typedef struct Inside {
    rg_session *session;
    int pieces;
} Inside;

/* A prompt that is fed in parts, so that the program can stop between them. */
static void test_fed_prompt(rg_model *model) {
    Collected whole, parts;
    memset(&whole, 0, sizeof whole);
    memset(&parts, 0, sizeof parts);
    const rg_generate_options options = short_options();
    rg_session *first = new_session(model), *second = new_session(model);
    REQUIRE(generate(first, &options, &whole, NULL));

    uint32_t tokens[64];
    size_t count = 0;
    REQUIRE(rg_tokenize(model, prompt, prompt_length, true, false, tokens, 64, &count));
    REQUIRE(rg_session_feed(second, tokens, 2));
    REQUIRE(rg_session_feed(second, tokens + 2, count - 2));
    REQUIRE(rg_session_generate(second, NULL, 0, &options, collect, &parts, NULL));
    CHECK(whole.length > 0 && whole.length == parts.length && memcmp(whole.text, parts.text, whole.length) == 0);
    CHECK(same_logits(first, second));
    rg_session_destroy(first);
    rg_session_destroy(second);
}

/* A token of which nothing is shown is not in the session at the end. */
static void test_unseen_tokens(rg_model *model) {
    rg_generate_options options = short_options();
    options.max_tokens = 1;
    options.sampling.temperature = 100;
    int unseen = 0;
    for (options.sampling.seed = 0; options.sampling.seed < 200; options.sampling.seed++) {
        Collected collected;
        collected.stop_after = 0;
        rg_generate_result result = RG_GENERATE_RESULT_INIT;
        rg_session *session = new_session(model);
        REQUIRE(generate(session, &options, &collected, &result));
        const bool is_seen = collected.length > 0;
        unseen += is_seen ? 0 : 1;
        CHECK(rg_session_position(session) == result.prompt_tokens + (is_seen ? 1u : 0u));
        rg_session_destroy(session);
    }
    CHECK(unseen > 0);
}

static bool call_inside(void *user, const char *text, size_t length) {
    Inside *inside = (Inside *)user;
    const uint32_t token = 5;
    (void)text;
    (void)length;
    rg_session *copy = NULL;
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "under way", rg_session_feed(inside->session, &token, 1));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "under way", rg_session_reset(inside->session));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "under way", rg_session_fork(inside->session, &copy));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "under way", rg_session_save(inside->session, in_folder("inside.rgs")));
    rg_generate_options options = short_options();
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "under way",
                 rg_session_generate(inside->session, prompt, 3, &options, call_inside, user, NULL));
    CHECK(copy == NULL && rg_session_position(inside->session) > 0);
    const float *logits = NULL;
    size_t count = 0;
    EXPECT(RG_OK, rg_session_logits(inside->session, &logits, &count));
    inside->pieces++;
    return true;
}

static bool destroy_inside(void *user, const char *text, size_t length) {
    Inside *inside = (Inside *)user;
    (void)text;
    (void)length;
    if (inside->pieces++ == 0) rg_session_destroy(inside->session);
    return inside->pieces < 3;
}

static void test_callbacks(rg_model *model) {
    Twins twins = make_twins(model, true);
    Collected none;
    none.stop_after = 0;
    rg_generate_options options = short_options();
    Inside inside = {twins.subject, 0};
    EXPECT(RG_OK, rg_session_generate(twins.subject, prompt, prompt_length, &options, call_inside, &inside, NULL));
    CHECK(inside.pieces > 0);
    EXPECT(RG_OK, generate(twins.twin, &options, &none, NULL));
    CHECK_ALIKE(twins);
    destroy_twins(twins);

    inside.session = new_session(model);
    inside.pieces = 0;
    EXPECT(RG_OK, rg_session_generate(inside.session, prompt, prompt_length, &options, destroy_inside, &inside, NULL));
}

/* The turns of a conversation, with a model that knows how one is written. */
static void test_chat(void) {
    rg_model *model = NULL;
    REQUIRE(rg_model_open(other_path, NULL, &model));
    rg_model_info info = RG_MODEL_INFO_INIT;
    REQUIRE(rg_model_get_info(model, &info));
    CHECK(info.is_instruction_tuned && info.end_of_turn < info.vocabulary_size);

    rg_generate_options options = short_options();
    rg_generate_result plain = RG_GENERATE_RESULT_INIT, first = RG_GENERATE_RESULT_INIT, second = RG_GENERATE_RESULT_INIT;
    Collected none;
    none.stop_after = 0;
    rg_session *session = new_session(model);
    EXPECT(RG_OK, generate(session, &options, &none, &plain));
    REQUIRE(rg_session_reset(session));
    options.as_chat_turn = true;
    EXPECT(RG_OK, generate(session, &options, &none, &first));
    CHECK(first.prompt_tokens > plain.prompt_tokens);
    const uint64_t position = rg_session_position(session);
    EXPECT(RG_OK, generate(session, &options, &none, &second));
    CHECK(rg_session_position(session) == position + second.prompt_tokens + second.generated_tokens);
    rg_session_destroy(session);
    rg_model_close(model);
}

/* A token that brings the model to numbers that f32 doesn't have: whatever feeds it leaves the session as it was. */
static void test_broken_model(bool are_fed) {
    rg_model *model = NULL;
    REQUIRE(rg_model_open(broken_path, NULL, &model));
    rg_model_info info = RG_MODEL_INFO_INIT;
    REQUIRE(rg_model_get_info(model, &info));
    const uint32_t last = info.vocabulary_size - 1;
    Twins twins = make_twins(model, are_fed);
    static const char words[] = "numbers that are not finite come from the embedding of a token; check the file";

    /* One chunk, and more than one. */
    uint32_t tokens[300];
    for (uint32_t index = 0; index < 300; index++) tokens[index] = 10 + index * 37 % 300;
    tokens[2] = tokens[299] = last;
    REFUSES(twins, RG_ERROR_FORMAT, words, rg_session_feed(twins.subject, tokens, 3));
    tokens[2] = 5;
    REFUSES(twins, RG_ERROR_FORMAT, words, rg_session_feed(twins.subject, tokens, 300));

    char text[64];
    size_t length = 0;
    REQUIRE(rg_detokenize(model, &last, 1, text, sizeof text, &length));
    Collected none;
    none.stop_after = 0;
    rg_generate_options options = short_options();
    rg_generate_result result = RG_GENERATE_RESULT_INIT;
    result.generated_tokens = 77;
    REFUSES(twins, RG_ERROR_FORMAT, words,
            rg_session_generate(twins.subject, text, length, &options, collect, &none, &result));
    CHECK(result.generated_tokens == 77);
    destroy_twins(twins);
    rg_model_close(model);
}

void test_generation(void) {
    rg_model *model = open_model();
    test_refusals(model, true);
    test_refusals(model, false);
    test_text_and_place(model);
    test_fed_prompt(model);
    test_progress(model, false);
    test_progress(model, true);
    test_options(model);
    test_unseen_tokens(model);
    test_callbacks(model);
    rg_model_close(model);
    test_chat();
    test_broken_model(false);
    test_broken_model(true);
}
