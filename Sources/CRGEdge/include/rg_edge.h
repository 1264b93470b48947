/* rg_edge.h: the C interface of RG Edge (contract, version 1).
 *
 * Run RecurrentGemma from C: open a memory-mapped model, start sessions, feed
 * tokens or text, read logits or stream text, and keep, fork or restore the
 * whole state of a conversation, whose size does not grow with its length.
 *
 * Rules that hold for every function
 * - Nothing aborts, prints, or calls exit(). A function that can fail returns
 *   an rg_status; rg_last_error() then holds one English sentence for the
 *   calling thread, valid until that thread's next call into this library.
 * - NULL for a required pointer returns RG_ERROR_ARGUMENT. Destroying NULL is
 *   allowed and does nothing.
 * - On failure every output argument is left as it was and the session is
 *   as it was before the call.
 * - An rg_model is immutable: any number of threads may use it, and sessions
 *   on it, at once. An rg_session is used by one thread at a time, any thread.
 * - A session keeps its model open: close them in any order.
 * - Structs whose first member is struct_size grow at the end in later
 *   versions; RG_*_INIT sets it and the defaults. Zero means "the default"
 *   wherever a member says so.
 * - Text is UTF-8 with an explicit length; it may contain NUL.
 */
#ifndef RG_EDGE_H
#define RG_EDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__cplusplus)
extern "C" {
#endif

#define RG_ABI_VERSION 1u

typedef struct rg_model rg_model;
typedef struct rg_session rg_session;
typedef struct rg_constraint rg_constraint;

typedef enum rg_status {
  RG_OK = 0,
  RG_ERROR_ARGUMENT = 1,    /* a NULL, a token out of range, a bad option */
  RG_ERROR_IO = 2,          /* open, read, map, write: errno is in the text */
  RG_ERROR_FORMAT = 3,      /* not an RGQ/RGS file, or a damaged one */
  RG_ERROR_VERSION = 4,     /* a file or struct of a version not known here */
  RG_ERROR_CHECKSUM = 5,    /* content differs from its recorded checksum */
  RG_ERROR_MEMORY = 6,      /* an allocation or mapping was refused */
  RG_ERROR_MISMATCH = 7,    /* a saved session belongs to another model */
  RG_ERROR_BUFFER = 8,      /* the buffer is too small; the size is reported */
  RG_ERROR_CANCELLED = 9    /* rg_session_cancel asked to stop */
} rg_status;

/* The library's ABI version (compare with RG_ABI_VERSION) and release, and
 * what it chose for this processor, e.g. "avx512vnni", "neon-dotprod". */
uint32_t rg_abi_version(void);
const char *rg_version(void);
const char *rg_cpu_kernels(void);

/* One sentence about the calling thread's last failure; never NULL. */
const char *rg_last_error(void);

typedef enum rg_log_level {
  RG_LOG_DEBUG = 1,         /* what each answer took, models that are closed */
  RG_LOG_INFO = 2,          /* models that are opened, choices that were made */
  RG_LOG_WARNING = 3        /* what makes things slower than they could be */
} rg_log_level;
typedef void (*rg_on_log)(void *user, rg_log_level level, const char *line);

/* Has lines of that level and above told to on_log, for the whole process; NULL
 * ends it. Nothing is told without it, and failures never are. on_log is called
 * in the thread that calls the library, and must not use the model or session at
 * work; another thread's call may still come after this has returned. */
rg_status rg_set_log(rg_log_level level, rg_on_log on_log, void *user);

/* ---- Model -------------------------------------------------------------- */

typedef struct rg_model_options {
  size_t struct_size;
  uint32_t threads;         /* worker threads; 0: one per physical core, and
                               as many for a long answer as are fastest */
  bool lock_memory;         /* mlock the weights; fails if not permitted */
  bool preload;             /* read all pages now instead of on first use */
  bool verify;              /* check every tensor's checksum before use */
  uint32_t catch_sigbus;    /* not 0: a file that is cut, or whose disk fails,
                               while it is in use is RG_ERROR_IO */
  uint64_t resident_bytes;  /* weights that stay in memory: bytes, or one of
                               RG_RESIDENT_… */
  uint64_t latency_ms;      /* how long a pass may take, so that nobody waits
                               for a long prompt; 0: 250 */
} rg_model_options;
#define RG_MODEL_OPTIONS_INIT { sizeof(rg_model_options), 0, false, false, false, 0, 0, 0 }

/* Weights that don't stay in memory are read from the disk for each token.
 * AUTO keeps as many as fit and follows the memory that the system leaves; ALL
 * reads all of them at open. Both, and a number of bytes, are RG_ERROR_MEMORY
 * if what they ask for does not fit. MAPPED leaves it to the system. */
#define RG_RESIDENT_AUTO   0
#define RG_RESIDENT_ALL    UINT64_MAX
#define RG_RESIDENT_MAPPED (UINT64_MAX - 1)

/* Maps the model file; takes milliseconds, whatever the file's size, unless
 * preload or verify is set. options may be NULL. */
rg_status rg_model_open(const char *path, const rg_model_options *options,
                        rg_model **model);
void rg_model_close(rg_model *model);

/* The same for a model that is a part of an open file, as when it is appended to
 * a program: size bytes from offset on, a multiple of 64; size 0 for all up to
 * the file's end. The descriptor, open for reading, stays the caller's, and may be
 * closed. */
rg_status rg_model_open_fd(int descriptor, uint64_t offset, uint64_t size,
                           const rg_model_options *options, rg_model **model);

/* The same for a model in memory, aligned to 64 bytes, which is not copied;
 * preload and catch_sigbus do nothing there, and lock_memory until release. It
 * must stay where and as it is until release is called, with user, once, when
 * the model and all that uses it are gone; release may be NULL. It is not called
 * if opening fails. */
rg_status rg_model_open_memory(const void *bytes, size_t size,
                               const rg_model_options *options,
                               void (*release)(void *user), void *user,
                               rg_model **model);

typedef struct rg_model_info {
  size_t struct_size;
  uint32_t vocabulary_size;
  uint32_t layer_count;
  uint32_t width;
  uint32_t window;          /* positions that local attention can see */
  uint64_t parameter_count;
  uint64_t file_bytes;      /* mapped */
  uint64_t session_bytes;   /* allocated per session, at any length */
  uint32_t bos, eos, end_of_turn;
  bool is_instruction_tuned;
  uint64_t resident_bytes;  /* weights that stay in memory */
  uint64_t streamed_bytes;  /* weights that a token reads from the disk */
  uint64_t shared_bytes;    /* allocated once, for all sessions */
} rg_model_info;
#define RG_MODEL_INFO_INIT { sizeof(rg_model_info), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, false, 0, 0, 0 }
rg_status rg_model_get_info(const rg_model *model, rg_model_info *info);

/* Text to tokens. With parse_special, "<start_of_turn>" and its like in the
 * text become control tokens (never use it on text that you don't trust).
 * *count receives the number of tokens also when capacity is too small
 * (RG_ERROR_BUFFER), so calling with capacity 0 asks for the size. */
rg_status rg_tokenize(const rg_model *model, const char *text, size_t length,
                      bool add_bos, bool parse_special,
                      uint32_t *tokens, size_t capacity, size_t *count);

/* Tokens to UTF-8 text, not NUL-terminated. Same rule for the size. */
rg_status rg_detokenize(const rg_model *model, const uint32_t *tokens,
                        size_t count, char *text, size_t capacity,
                        size_t *length);

typedef enum rg_role {
  RG_ROLE_SYSTEM = 0,       /* becomes the beginning of the user's next turn */
  RG_ROLE_USER = 1,
  RG_ROLE_MODEL = 2         /* at the end: how its answer begins */
} rg_role;

/* One message of a conversation. Text is never read as control tokens. */
typedef struct rg_message {
  rg_role role;
  const char *text;
  size_t length;
} rg_message;

/* A whole conversation to tokens, BOS first, as the model's chat template
 * writes it, up to where the model's next words begin. Same rule for the
 * size: capacity 0 counts them. */
rg_status rg_tokenize_messages(const rg_model *model,
                               const rg_message *messages,
                               size_t message_count, uint32_t *tokens,
                               size_t capacity, size_t *count);

/* ---- Constraint --------------------------------------------------------- */

typedef enum rg_constraint_form {
  RG_CONSTRAINT_JSON_SCHEMA = 0, /* the text is a JSON Schema */
  RG_CONSTRAINT_JSON = 1,        /* any JSON value; the text is not read */
  RG_CONSTRAINT_GBNF = 2,        /* a grammar in llama.cpp's notation */
  RG_CONSTRAINT_REGEX = 3        /* a regular expression for the whole answer */
} rg_constraint_form;

/* What answers may look like, in one model's tokens. Made once, used by any
 * number of sessions of that model and threads at once. RG_ERROR_ARGUMENT for a
 * text that is wrong, or has what is not supported; rg_last_error says where. */
rg_status rg_constraint_create(rg_model *model, rg_constraint_form form,
                               const char *text, size_t length,
                               rg_constraint **constraint);

/* One of some texts. */
rg_status rg_constraint_create_choices(rg_model *model,
                                       const char *const *choices,
                                       size_t count,
                                       rg_constraint **constraint);
void rg_constraint_destroy(rg_constraint *constraint);

/* ---- Session ------------------------------------------------------------ */

/* An empty session at position 0. Allocates all that it will ever need. */
rg_status rg_session_create(rg_model *model, rg_session **session);
void rg_session_destroy(rg_session *session);

/* An independent copy, at the cost of copying session_bytes. */
rg_status rg_session_fork(const rg_session *session, rg_session **copy);

/* Back to position 0, without allocating. */
rg_status rg_session_reset(rg_session *session);

/* Tokens consumed so far. */
uint64_t rg_session_position(const rg_session *session);

/* Consumes count tokens, in passes; any count, at any position. */
rg_status rg_session_feed(rg_session *session, const uint32_t *tokens,
                          size_t count);

/* Feeds several sessions of one model at once, for a program with one thread:
 * session i consumes counts[i] tokens from tokens[i] on. The weights are read
 * once for all; each session's logits are those of feeding it alone, to the
 * bit. If some can't be fed, the others are all the same: returns the first
 * failure, and in statuses, which may be NULL, what came of each session. */
rg_status rg_sessions_feed(rg_session *const *sessions, size_t session_count,
                           const uint32_t *const *tokens, const size_t *counts,
                           rg_status *statuses);

/* Stops the feed or rg_session_generate… that is under way on the
 * session, before its next pass; does nothing if none is. From any thread, and
 * from a signal handler. */
void rg_session_cancel(rg_session *session);

/* Logits after the last token fed: vocabulary_size floats, soft-capped, owned
 * by the session, valid until its next feed, generate, reset or destroy.
 * RG_ERROR_ARGUMENT before the first token, and in on_progress. */
rg_status rg_session_logits(const rg_session *session, const float **logits,
                            size_t *count);

/* What is added to the logit of a token; -INFINITY bans it. */
typedef struct rg_logit_bias {
  uint32_t token;
  float bias;
} rg_logit_bias;

typedef struct rg_sampling {
  size_t struct_size;
  float temperature;        /* 0: greedy */
  uint32_t top_k;           /* 0: off */
  float top_p;              /* 1: off */
  float min_p;              /* 0: off */
  float repetition_penalty; /* 1: off */
  uint32_t repetition_window; /* last tokens it counts, prompt included */
  uint64_t seed;            /* same seed, same model, same text */
  float presence_penalty;   /* 0: off */
  float frequency_penalty;  /* 0: off */
  const rg_logit_bias *logit_bias; /* each token at most once */
  size_t logit_bias_count;
} rg_sampling;
#define RG_SAMPLING_INIT { sizeof(rg_sampling), 0.0f, 0, 1.0f, 0.0f, 1.0f, 64, 0, 0.0f, 0.0f, NULL, 0 }

/* Picks the next token from the current logits; does not feed it. */
rg_status rg_session_sample(rg_session *session, const rg_sampling *sampling,
                            uint32_t *token);

/* Has the tokens that come from here on obey a constraint, from its beginning:
 * rg_session_sample picks only what may come, and rg_session_feed refuses what
 * may not, until a token that ends the text is fed. NULL ends it. Answers have
 * a member of rg_generate_options for it. */
rg_status rg_session_constrain(rg_session *session,
                               const rg_constraint *constraint);

/* A token, and the natural logarithm of its probability. */
typedef struct rg_token_logprob {
  uint32_t token;
  float logprob;            /* 0 or less */
} rg_token_logprob;

/* How likely the model thinks that token comes next, and the top_count likeliest
 * tokens, at most 20, most likely first: its own probabilities, whatever the
 * sampling. logprob may be NULL, and top for a top_count of 0. */
rg_status rg_session_logprobs(const rg_session *session, uint32_t token,
                              float *logprob, rg_token_logprob *top,
                              size_t top_count);

/* A token of an answer, and what the model thought of it and of others in its
 * place. The library sets struct_size, and later versions may add members. */
typedef struct rg_token_info {
  size_t struct_size;
  uint32_t token;
  float logprob;
  const rg_token_logprob *top; /* the likeliest tokens; valid during the call */
  size_t top_count;
} rg_token_info;

/* Called for each token of the text that on_text is called with next. */
typedef void (*rg_on_token)(void *user, const rg_token_info *token);

/* Called with each part of text as soon as it is whole UTF-8; false stops. */
typedef bool (*rg_on_text)(void *user, const char *text, size_t length);

/* Called after each pass of a prompt with the tokens that are done, and those
 * of all of it; false stops. */
typedef bool (*rg_on_progress)(void *user, size_t done, size_t total);

typedef enum rg_finish {
  RG_FINISH_END = 0,        /* the model ended its turn */
  RG_FINISH_LENGTH = 1,     /* max_tokens */
  RG_FINISH_STOP = 2,       /* one of the stop strings */
  RG_FINISH_CANCELLED = 3   /* a callback returned false, or
                               rg_session_cancel was called */
} rg_finish;

/* rg_sampling as version 1 first had it: inside rg_generate_options it cannot
 * grow. */
typedef struct rg_sampling_v1 {
  size_t struct_size;
  float temperature;
  uint32_t top_k;
  float top_p;
  float min_p;
  float repetition_penalty;
  uint32_t repetition_window;
  uint64_t seed;
} rg_sampling_v1;
#define RG_SAMPLING_V1_INIT { sizeof(rg_sampling_v1), 0.0f, 0, 1.0f, 0.0f, 1.0f, 64, 0 }

typedef struct rg_generate_options {
  size_t struct_size;
  rg_sampling_v1 sampling;
  uint32_t max_tokens;      /* 0: until the model ends */
  bool as_chat_turn;        /* wrap the prompt in the chat template */
  const char *const *stop;  /* stop strings; never part of the output */
  size_t stop_count;
  const rg_sampling *sampling_at; /* not NULL: in place of sampling; what comes
                               to sampling in later versions is there alone */
  rg_on_progress on_progress; /* may be NULL; user is that of on_text */
  rg_on_token on_token;     /* may be NULL; user is that of on_text */
  size_t top_logprobs;      /* likeliest tokens for on_token, up to 20 */
  const rg_constraint *constraint; /* what the answer is to look like; may be
                               NULL */
} rg_generate_options;
#define RG_GENERATE_OPTIONS_INIT { sizeof(rg_generate_options), RG_SAMPLING_V1_INIT, 256, false, NULL, 0, NULL, NULL, NULL, 0, NULL }

typedef struct rg_generate_result {
  size_t struct_size;
  rg_finish finish;
  uint32_t prompt_tokens, generated_tokens;
  double prefill_seconds, decode_seconds;
  uint64_t reused_tokens;   /* of the prompt's: had been consumed before */
  uint64_t forced_tokens;   /* of the answer's: the constraint left no choice */
} rg_generate_result;
#define RG_GENERATE_RESULT_INIT { sizeof(rg_generate_result), RG_FINISH_END, 0, 0, 0.0, 0.0, 0, 0 }

/* Feeds the prompt (BOS is added at position 0) and generates. The session
 * ends after the last token that on_text was shown, so the next call
 * continues the conversation. result may be NULL. */
rg_status rg_session_generate(rg_session *session, const char *prompt,
                              size_t length,
                              const rg_generate_options *options,
                              rg_on_text on_text, void *user,
                              rg_generate_result *result);

/* The same for a whole conversation, of which what the session has consumed
 * is not fed again: feeds the rest, from the longest beginning on that the
 * session, or a turn that it keeps, has; then generates. as_chat_turn makes no
 * difference. */
rg_status rg_session_generate_messages(rg_session *session,
                                       const rg_message *messages,
                                       size_t message_count,
                                       const rg_generate_options *options,
                                       rg_on_text on_text, void *user,
                                       rg_generate_result *result);

/* Has the session keep where its last turns began, to go back to when a message
 * has changed: count of them, 0 at first, each of session_bytes, allocated now.
 * Those that were kept before are forgotten. */
rg_status rg_session_keep_turns(rg_session *session, uint32_t count);

/* ---- Keeping a session -------------------------------------------------- */

/* Writes the session to a file (LZ4, checksummed; whole or not at all), and
 * brings one back exactly: the next logits are the same to the bit. */
rg_status rg_session_save(const rg_session *session, const char *path);
rg_status rg_session_load(rg_model *model, const char *path,
                          rg_session **session);

/* The same to and from memory. Capacity 0 asks for a size that suffices. */
rg_status rg_session_serialize(const rg_session *session, void *buffer,
                               size_t capacity, size_t *size);
rg_status rg_session_deserialize(rg_model *model, const void *buffer,
                                 size_t size, rg_session **session);

/* ---- In detail ----------------------------------------------------------
 *
 * - A pointer to no elements may be NULL: text of length 0, tokens of count 0,
 *   a buffer of capacity 0.
 * - The size that RG_ERROR_BUFFER reports, and the statuses of
 *   rg_sessions_feed, are all that a function writes although it fails.
 * - Sessions of one model that are used in several threads at the same time
 *   share passes, as in rg_sessions_feed: up to 32 in a pass, in order of
 *   arrival, with up to 256 tokens in all. One alone waits for nobody. Prompts
 *   are cut so that a pass lasts latency_ms; or longer, if they would otherwise
 *   be read 15 % slower (5 % where nobody else is at work).
 * - rg_sessions_feed fails as a whole, with nothing consumed and statuses as
 *   they were, for arguments that make no sense, such as sessions of two models,
 *   one that comes twice or one that another call uses, and where there is no
 *   memory to go back from many tokens.
 * - Limits: threads up to 1024, repetition_window up to 4096.
 * - Samplers come in the order logit_bias, repetition_penalty,
 *   frequency_penalty and presence_penalty, top_k, top_p, min_p, temperature, as
 *   in llama.cpp: top_p and min_p cut what is unlikely before the temperature
 *   weighs what is left. Hugging Face has the temperature before top_k: with the
 *   same numbers it keeps more tokens if it is above 1, and fewer if below. Bias
 *   and penalties count for a temperature of 0 as well.
 * - frequency_penalty is subtracted from a token's logit as many times as the
 *   token has come, presence_penalty once if it has. They and
 *   repetition_penalty count the last repetition_window tokens that the
 *   session has consumed: of prompts, with the marks of the chat template, of
 *   answers, of rg_session_feed, and of a restored session alike.
 * - logit_bias: finite or -INFINITY; a token outside the vocabulary or one that
 *   comes twice is RG_ERROR_ARGUMENT, as is a bias that leaves no token.
 * - logprob is the log softmax of the model's logits, before bias, penalties and
 *   all other sampling; equal logits give equal bits on every machine. top may
 *   lack the chosen token. Where fewer tokens than top_count can come,
 *   rg_session_logprobs writes UINT32_MAX after them, with -INFINITY.
 * - on_token is called for a token when on_text is about to be shown the first
 *   of its text; for one without text, or with the first bytes of a character,
 *   when the next text comes. Where over 1,024 tokens have none it is called for
 *   them without a call of on_text. Tokens that are taken back come never: in
 *   the end the session has consumed those of the answer for which it was called.
 *   top_logprobs without on_token is RG_ERROR_ARGUMENT.
 * - Paths and stop strings must be UTF-8 (RG_ERROR_ARGUMENT). In other text,
 *   what is not UTF-8 counts as U+FFFD; so does an incomplete character at
 *   either end of what rg_detokenize is given.
 * - A struct with a larger struct_size than the library knows is accepted if
 *   the members that it doesn't know are zero; otherwise it is
 *   RG_ERROR_VERSION. So is a struct that is smaller than when it first was in
 *   this header; the members that one of that size lacks (from catch_sigbus on
 *   in rg_model_options, from presence_penalty on in rg_sampling, from
 *   sampling_at on in rg_generate_options) are zero, and those that rg_model_info
 *   and rg_generate_result lack stay unwritten. rg_sampling cannot grow inside
 *   rg_generate_options, and so is rg_sampling_v1 there; sampling_at points to
 *   one that can.
 * - rg_detokenize leaves control tokens out.
 * - Control marks in the prompt of rg_session_generate stay text. as_chat_turn
 *   leaves out white space at both its ends, and is RG_ERROR_ARGUMENT for
 *   a model that is not instruction-tuned.
 * - as_chat_turn ends the turn before it, if that is still to be done: it puts
 *   "<end_of_turn>" and a line break first if "<start_of_turn>" was consumed and
 *   "<end_of_turn>" was not since, whichever calls fed these tokens; and the
 *   line break alone if "<end_of_turn>" was the last token. bos begins anew.
 * - Messages: turns of user and model alternate, the user's first, and a system
 *   message comes before one of the user's; else it is RG_ERROR_ARGUMENT, as for
 *   a model that is not instruction-tuned. White space at the ends of a text is
 *   left out; a system's text, an empty line and the user's text are one turn.
 *   The tokens are those of Hugging Face's apply_chat_template, with
 *   continue_final_message if the last message is the model's.
 * - rg_session_generate_messages leaves the session as if it had been fed all
 *   of rg_tokenize_messages, to the bit, with one difference: an answer that it
 *   made itself, and that comes back with the same text, but for white space at
 *   the ends, stays in the tokens that the model chose, which may be others than
 *   a tokenizer makes of that text. So they stay where a stop text began or
 *   ended within a token, and the text has only what was shown of it. An answer
 *   that is to go on must be the same to its end: white space there, or what was
 *   not shown, has it fed anew. Where the session has gone another way, and
 *   no kept turn (rg_session_keep_turns, up to 100) helps, it begins anew. Of a
 *   session that was loaded after more than 4,096 tokens, answers in such tokens
 *   are not known: they are fed anew, once. prompt_tokens are all tokens before
 *   the answer, reused_tokens those of them that were there.
 * - A constraint keeps its model open. It may be destroyed while sessions obey
 *   it. What JSON Schemas, grammars and expressions may have is listed in the
 *   documentation ("Grammars"); whatever else demands something is an error.
 * - An answer under a constraint that max_tokens, a stop string or a callback
 *   cut short is gone on with by rg_session_generate with the same constraint,
 *   or one of the same text, and a prompt of length 0; also in a fork, and in a
 *   session that was saved, if it has no more than 4,096 tokens. With any other prompt
 *   or constraint a new answer begins. One that ends with RG_FINISH_END is whole.
 *   Until then rg_session_feed takes only what may come, or after
 *   rg_session_constrain with NULL. rg_session_generate without a constraint
 *   ends one that rg_session_constrain has set. A session that was loaded obeys
 *   none until it is set; rg_session_constrain then goes on, too.
 * - In on_text of an answer under a constraint there are no logits
 *   (RG_ERROR_ARGUMENT), unless on_token is given.
 * - The first rg_constraint_create of a model sorts its vocabulary, which takes
 *   some tenths of a second and then some 10 MB for 256,000 pieces. A
 *   constraint holds what its answers have needed so far, some MB.
 * - An answer under a constraint holds room for the logits and states of 17
 *   tokens, most of which is never touched.
 * - Forks and saved sessions have no kept turns; a reset keeps them.
 * - What is said of rg_session_generate below holds for
 *   rg_session_generate_messages as well.
 * - rg_session_generate looks before it asks for each pass of the prompt, and
 *   before each token of the answer, whether it is to stop. Stopped within the
 *   prompt, it leaves the session as it was, and prompt_tokens is 0. Stopped
 *   in its last pass, or by on_progress after that, it ends after the prompt.
 * - rg_session_feed looks before it asks for each pass, and returns RG_ERROR_CANCELLED with
 *   the session as it was. rg_sessions_feed does so for each of its sessions.
 * - rg_session_cancel stops a call that has begun and has not returned, also
 *   one that encodes its text, before it next asks for a pass, for which it may
 *   have to wait; no later one: where a call ends just then by itself, it does nothing, and a
 *   call that begins just then may miss it. A program that can't have that
 *   keeps a flag of its own as well, and looks at it in the callbacks. The
 *   session must not be destroyed meanwhile.
 * - The last tokens of an answer are taken back if on_text was shown nothing of
 *   them: part of a stop string or of a character, or no text at all (of these
 *   up to 1,024 tokens).
 * - A new file of rg_session_save can be read and written by its user alone.
 *   It replaces a saved session or an empty file; for another file, such as the
 *   open model, it returns RG_ERROR_IO (errno EEXIST), and leaves it. In the
 *   same folder it removes what killed processes have left, .NAME.HEX.partial.
 * - end_of_turn is UINT32_MAX for a model without such a token.
 * - It is not a failure if rg_session_generate is stopped, by a callback or by
 *   rg_session_cancel: it returns RG_OK and RG_FINISH_CANCELLED.
 * - Where a model comes to numbers that are infinite or NaN, the call that feeds
 *   it returns RG_ERROR_FORMAT, and rg_last_error names the layer: the model
 *   file is damaged, or it needs numbers that f32 can't hold. To go back from
 *   there, rg_session_feed of more than 16 tokens holds room for a copy of the
 *   session while it runs, unless it was at position 0.
 * - While rg_session_generate runs it holds room for a copy of the
 *   session (session_bytes), for two if it was not at position 0, to go back.
 * - While rg_session_generate runs, other calls on its session are refused
 *   (RG_ERROR_ARGUMENT) except rg_session_position, rg_session_logits,
 *   rg_session_logprobs, rg_session_cancel and rg_session_destroy, which takes effect when it
 *   returns. Callbacks must return: no longjmp, no C++ exception.
 * - After fork(2), model and sessions can be used in the child, which starts
 *   threads of its own, if no other thread was in a call when it forked.
 * - The first rg_tokenize loads what encodes texts (52 MB for 256,000 pieces,
 *   70 ms), which stays until the model is closed. rg_session_generate uses it
 *   if it is there, and otherwise one of its own for the prompt.
 * - Calls ask the system for the memory that they need before they begin, and
 *   return RG_ERROR_MEMORY if it refuses. Only SentencePiece, which encodes
 *   texts, cannot be given what was granted: if another thread takes that
 *   memory just then, SentencePiece may end the process.
 * - A call needs 32 kB of stack, opening a file made to do harm 128 kB.
 * - The library can be called from a constructor of the program.
 * - Replace a model file by another, never write to one that is open: where it
 *   was cut, or its disk fails, the system answers a read of its mapping with
 *   SIGBUS, which ends the process.
 * - catch_sigbus: the first rg_model_open with it installs a handler of SIGBUS,
 *   for good; without it the library touches none. It puts zeros in place of a
 *   lost file's mapping, and the call ends with RG_ERROR_IO, as does every
 *   later one that needs the weights. Sessions are as before the call and can
 *   be saved. A handler that was there before is called for all other addresses,
 *   also on the library's threads. One that is installed later should pass on
 *   the addresses that it doesn't know. Threads that call the library must not
 *   block SIGBUS. At most 1,024 models at once (RG_ERROR_IO).
 * - Where weights are read from the disk, three threads read, and some 17 MB hold
 *   what they have read ahead. A file that is cut, written to or touched while it is in
 *   use is then RG_ERROR_IO, also without catch_sigbus, unless a weight that
 *   stays in memory is met first. Weights that stay are not locked, unless
 *   lock_memory is set: the system takes them back where it must, and with
 *   RG_RESIDENT_AUTO fewer stay from then on.
 * - The library stays in memory after dlclose(3).
 */

#if defined(__cplusplus)
}
#endif
#endif
