/* How likely tokens are, bias and penalties: beside their definitions. */
#include "tests.h"

#include <math.h>

static const char prompt[] = "And the king said";
static const size_t prompt_length = sizeof prompt - 1;

static double log_sum(const float *logits, size_t count) {
    double largest = logits[0], sum = 0;
    for (size_t index = 1; index < count; index++) largest = logits[index] > largest ? logits[index] : largest;
    for (size_t index = 0; index < count; index++) sum += exp(logits[index] - largest);
    return largest + log(sum);
}

static bool is_near(double left, double right) { return fabs(left - right) <= 1e-6 * (1 + fabs(right)); }

/* The likeliest tokens of logits: each with no likelier one after it, and none likelier left out. */
static void check_top(const rg_token_logprob *top, size_t top_count, const float *logits, size_t count) {
    const double sum = log_sum(logits, count);
    for (size_t index = 0; index < top_count; index++) {
        CHECK(top[index].token < count && is_near(top[index].logprob, logits[top[index].token] - sum));
        CHECK(index == 0 || logits[top[index].token] <= logits[top[index - 1].token]);
    }
    size_t likelier = 0;
    for (size_t token = 0; token < count && top_count > 0; token++) likelier += logits[token] > logits[top[top_count - 1].token];
    CHECK(top_count == 0 || likelier < top_count);
}

static void test_session_logprobs(rg_model *model) {
    Twins twins = make_twins(model, true);
    const float *logits = NULL;
    size_t count = 0;
    REQUIRE(rg_session_logits(twins.subject, &logits, &count));
    const double sum = log_sum(logits, count);
    rg_token_logprob top[21];
    float logprob = 77;
    for (uint32_t token = 0; token < count; token += 101) {
        EXPECT(RG_OK, rg_session_logprobs(twins.subject, token, &logprob, top, token % 21));
        CHECK(is_near(logprob, logits[token] - sum) && logprob <= 0);
        check_top(top, token % 21, logits, count);
    }
    EXPECT(RG_OK, rg_session_logprobs(twins.subject, 5, NULL, NULL, 0));
    CHECK_ALIKE(twins);

    logprob = 77;
    top[0].token = 77;
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "session is NULL", rg_session_logprobs(NULL, 5, &logprob, top, 1));
    REFUSES(twins, RG_ERROR_ARGUMENT, "outside the vocabulary", rg_session_logprobs(twins.subject, (uint32_t)count, &logprob, top, 1));
    REFUSES(twins, RG_ERROR_ARGUMENT, "21", rg_session_logprobs(twins.subject, 5, &logprob, top, 21));
    REFUSES(twins, RG_ERROR_ARGUMENT, "fit", rg_session_logprobs(twins.subject, 5, &logprob, top, SIZE_MAX));
    REFUSES(twins, RG_ERROR_ARGUMENT, "top is NULL", rg_session_logprobs(twins.subject, 5, &logprob, NULL, 1));
    destroy_twins(twins);
    rg_session *empty = new_session(model);
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "before the first token", rg_session_logprobs(empty, 5, &logprob, top, 1));
    rg_session_destroy(empty);
    CHECK(logprob == 77 && top[0].token == 77);
}

/* What is chosen, by the definition. */
static uint32_t best(const float *logits, size_t count, const uint32_t *tokens, size_t token_count, const rg_sampling *sampling) {
    size_t best = 0;
    float largest = -INFINITY;
    for (size_t token = 0; token < count; token++) {
        float logit = logits[token];
        for (size_t index = 0; index < sampling->logit_bias_count; index++) {
            if (sampling->logit_bias[index].token == token) logit += sampling->logit_bias[index].bias;
        }
        size_t seen = 0;
        for (size_t index = 0; index < token_count; index++) seen += tokens[index] == token;
        logit -= (float)seen * sampling->frequency_penalty + (seen > 0 ? sampling->presence_penalty : 0);
        if (logit > largest) {
            largest = logit;
            best = token;
        }
    }
    return (uint32_t)best;
}

static void test_bias_and_penalties(rg_model *model) {
    Twins twins = make_twins(model, false);
    uint32_t tokens[40];
    for (uint32_t index = 0; index < 40; index++) tokens[index] = 300 + index % 7 * (index % 3);
    REQUIRE(rg_session_feed(twins.subject, tokens, 40));
    REQUIRE(rg_session_feed(twins.twin, tokens, 40));
    const float *logits = NULL;
    size_t count = 0;
    REQUIRE(rg_session_logits(twins.subject, &logits, &count));
    rg_sampling sampling = RG_SAMPLING_INIT;
    uint32_t token = 0, greedy = 0;
    EXPECT(RG_OK, rg_session_sample(twins.subject, &sampling, &greedy));
    CHECK(greedy == best(logits, count, tokens, 40, &sampling));
    bool differs = false;
    for (int step = -8; step <= 8; step++) {
        sampling.presence_penalty = (float)step * 2;
        sampling.frequency_penalty = 0;
        EXPECT(RG_OK, rg_session_sample(twins.subject, &sampling, &token));
        CHECK(token == best(logits, count, tokens, 40, &sampling));
        sampling.presence_penalty = 0;
        sampling.frequency_penalty = (float)step / 2;
        EXPECT(RG_OK, rg_session_sample(twins.subject, &sampling, &token));
        CHECK(token == best(logits, count, tokens, 40, &sampling));
        differs = differs || token != greedy;
    }
    CHECK(differs);

    sampling.presence_penalty = sampling.frequency_penalty = 0;
    rg_logit_bias bias[3] = {{greedy, -INFINITY}, {1000, 3}, {7, -100}};
    sampling.logit_bias = bias;
    sampling.logit_bias_count = 3;
    EXPECT(RG_OK, rg_session_sample(twins.subject, &sampling, &token));
    CHECK(token != greedy && token == best(logits, count, tokens, 40, &sampling));
    bias[1].bias = 1000;
    EXPECT(RG_OK, rg_session_sample(twins.subject, &sampling, &token));
    CHECK(token == 1000);
    CHECK_ALIKE(twins);

    /* As many as there are tokens: memory has to be asked for. */
    static rg_logit_bias all[2048];
    for (uint32_t index = 0; index < 2048; index++) {
        all[index].token = 2047 - index;
        all[index].bias = index == 47 ? -100.0f : -INFINITY;
    }
    sampling.logit_bias = all;
    sampling.logit_bias_count = 2048;
    EXPECT(RG_OK, rg_session_sample(twins.subject, &sampling, &token));
    CHECK(token == 2000);

    token = 99;
    all[47].bias = -INFINITY;
    REFUSES(twins, RG_ERROR_ARGUMENT, "no token to choose", rg_session_sample(twins.subject, &sampling, &token));
    all[47].bias = NAN;
    REFUSES(twins, RG_ERROR_ARGUMENT, "token 2000 is", rg_session_sample(twins.subject, &sampling, &token));
    all[47].bias = INFINITY;
    REFUSES(twins, RG_ERROR_ARGUMENT, "token 2000 is", rg_session_sample(twins.subject, &sampling, &token));
    all[47].token = all[48].token;
    REFUSES(twins, RG_ERROR_ARGUMENT, "twice", rg_session_sample(twins.subject, &sampling, &token));
    all[47].token = 2048;
    all[47].bias = 1;
    REFUSES(twins, RG_ERROR_ARGUMENT, "outside the vocabulary of 2048", rg_session_sample(twins.subject, &sampling, &token));
    sampling.logit_bias_count = SIZE_MAX;
    REFUSES(twins, RG_ERROR_ARGUMENT, "fit", rg_session_sample(twins.subject, &sampling, &token));
    sampling.logit_bias_count = SIZE_MAX / 64;
    REFUSES(twins, RG_ERROR_MEMORY, "logit bias", rg_session_sample(twins.subject, &sampling, &token));
    sampling.logit_bias = NULL;
    REFUSES(twins, RG_ERROR_ARGUMENT, "logit_bias is NULL", rg_session_sample(twins.subject, &sampling, &token));
    rg_sampling other = RG_SAMPLING_INIT;
    other.presence_penalty = NAN;
    REFUSES(twins, RG_ERROR_ARGUMENT, "presence", rg_session_sample(twins.subject, &other, &token));
    other.presence_penalty = 0;
    other.frequency_penalty = INFINITY;
    REFUSES(twins, RG_ERROR_ARGUMENT, "frequency", rg_session_sample(twins.subject, &other, &token));
    CHECK(token == 99);

    /* A program for the first version: nothing behind the seed is read. */
    sampling.struct_size = offsetof(rg_sampling, presence_penalty);
    sampling.logit_bias_count = 3;
    EXPECT(RG_OK, rg_session_sample(twins.subject, &sampling, &token));
    destroy_twins(twins);
}

/* What on_token and on_text were told, and a session that follows the tokens. */
typedef struct Followed {
    Collected collected;
    rg_session *follower;
    size_t top_count;
    int tokens, waiting, pieces_with_several;
} Followed;

static void follow(void *user, const rg_token_info *token) {
    Followed *followed = (Followed *)user;
    const float *logits = NULL;
    size_t count = 0;
    REQUIRE(rg_session_logits(followed->follower, &logits, &count));
    CHECK(token->struct_size == sizeof *token && token->top_count == followed->top_count);
    CHECK(token->token < count && is_near(token->logprob, logits[token->token] - log_sum(logits, count)));
    check_top(token->top, token->top_count, logits, count);
    REQUIRE(rg_session_feed(followed->follower, &token->token, 1));
    followed->tokens++;
    followed->waiting++;
}

static bool collect_followed(void *user, const char *text, size_t length) {
    Followed *followed = (Followed *)user;
    CHECK(length > 0);
    if (followed->waiting > 1) followed->pieces_with_several++;
    followed->waiting = 0;
    return collect(&followed->collected, text, length);
}

static void test_on_token(rg_model *model) {
    uint32_t tokens[64];
    size_t count = 0;
    REQUIRE(rg_tokenize(model, prompt, prompt_length, true, false, tokens, 64, &count));
    const char *stop[] = {" the LORD of hosts", "zz"};
    rg_sampling sampling = RG_SAMPLING_INIT;
    rg_logit_bias bias = {277, 1};
    sampling.logit_bias = &bias;
    sampling.logit_bias_count = 1;
    sampling.frequency_penalty = 0.1f;
    int several = 0;
    for (int way = 0; way < 12; way++) {
        rg_generate_options options = RG_GENERATE_OPTIONS_INIT;
        options.max_tokens = 40;
        options.on_token = follow;
        options.top_logprobs = way % 4 == 0 ? 0 : (size_t)way;
        sampling.temperature = way < 4 ? 0.0f : way < 8 ? 1.0f : 100.0f;
        sampling.seed = (uint64_t)way;
        options.sampling_at = &sampling;
        if (way % 2 == 1) {
            options.stop = stop;
            options.stop_count = 2;
        }
        Followed followed;
        memset(&followed, 0, sizeof followed);
        followed.collected.stop_after = way % 3 == 2 ? 5 : 0;
        followed.top_count = options.top_logprobs;
        followed.follower = new_session(model);
        REQUIRE(rg_session_feed(followed.follower, tokens, count));
        rg_session *session = new_session(model);
        rg_generate_result result = RG_GENERATE_RESULT_INIT;
        EXPECT(RG_OK, rg_session_generate(session, prompt, prompt_length, &options, collect_followed, &followed, &result));
        CHECK(followed.tokens > 0 && followed.tokens <= (int)result.generated_tokens && followed.waiting == 0);
        CHECK(rg_session_position(session) == rg_session_position(followed.follower));
        CHECK(same_logits(session, followed.follower));
        several += followed.pieces_with_several;
        rg_session_destroy(session);
        rg_session_destroy(followed.follower);
    }
    CHECK(several > 0);

    Twins twins = make_twins(model, true);
    Collected none;
    memset(&none, 0, sizeof none);
    rg_generate_options options = RG_GENERATE_OPTIONS_INIT;
    options.top_logprobs = 2;
    REFUSES(twins, RG_ERROR_ARGUMENT, "on_token",
            rg_session_generate(twins.subject, prompt, prompt_length, &options, collect, &none, NULL));
    options.on_token = follow;
    options.top_logprobs = 21;
    REFUSES(twins, RG_ERROR_ARGUMENT, "21", rg_session_generate(twins.subject, prompt, prompt_length, &options, collect, &none, NULL));
    options.top_logprobs = SIZE_MAX;
    REFUSES(twins, RG_ERROR_ARGUMENT, "asked for",
            rg_session_generate(twins.subject, prompt, prompt_length, &options, collect, &none, NULL));
    options.on_token = NULL;
    options.top_logprobs = 0;
    options.sampling_at = &sampling;
    sampling.temperature = 0;
    bias.token = UINT32_MAX;
    REFUSES(twins, RG_ERROR_ARGUMENT, "outside the vocabulary",
            rg_session_generate(twins.subject, prompt, prompt_length, &options, collect, &none, NULL));
    sampling.logit_bias_count = SIZE_MAX / 64;
    REFUSES(twins, RG_ERROR_MEMORY, "memory",
            rg_session_generate(twins.subject, prompt, prompt_length, &options, collect, &none, NULL));
    CHECK(none.length == 0);
    destroy_twins(twins);
}

void test_logprobs(void) {
    rg_model *model = open_model();
    test_session_logprobs(model);
    test_bias_and_penalties(model);
    test_on_token(model);
    rg_model_close(model);
}
