/* What the writer does to what proves a way to sign in: the kept operations of the room, on
 * login_secret, login_activation and its tickets, each beside the function that says what it is
 * asked.
 *
 * The writer is one, so what may be done once is done once here and nowhere else: of two requests
 * with the same code or the same counter, whichever front they came by, one comes second and finds
 * it used. Those operations answer with one number, 1 when it was refused (login_kept_refused). */
#include "base/token.h"
#include "base/world.h"
#include "crypto/crypto.h"
#include "login/login_in.h"
#include "store/ticket.h"

enum { ACTIVATION_DAYS = 7 };
static const int64_t DEMO_MS = (int64_t)365 * 24 * 3600 * 1000;

static struct keep asked(const struct keep_op *op, const struct buf *b)
{
    must(b->err == ERR_OK);
    return (struct keep){op, buf_str(b)};
}

static enum err answer_refused(struct buf *answer, bool refused)
{
    wire_put_int(answer, refused);
    return ERR_OK;
}

bool login_kept_refused(const struct page *p)
{
    struct wire w = wire_read(p->kept);
    return wire_int(&w) != 0 || w.is_broken;
}

/* ---- tickets: proven by their MAC before, and spent here ---- */

static void put_ticket(struct buf *b, struct str ticket)
{
    uint8_t hash[TICKET_HASH];
    sha256(ticket.p, ticket.n, hash);
    wire_put_text(b, (struct str){(const char *)hash, ticket.n > 0 ? sizeof(hash) : 0});
}

static enum err spend(struct ctx *ctx, struct db *db, struct str hash, bool *ret_first)
{
    struct instant until = {ctx->world->now(ctx->world).ms + TICKET_MS};
    return ticket_spend(ctx, db, STR("login"), hash, until, ret_first);
}

static enum err use_ticket(struct ctx *ctx, struct db *db, struct str payload,
                           const struct keep_act *act, struct buf *answer)
{
    struct wire w = wire_read(payload);
    struct str hash = wire_text(&w);
    bool first = false;
    (void)act;
    TRY(wire_done(ctx, &w));
    TRY(spend(ctx, db, hash, &first));
    return answer_refused(answer, !first);
}
static const struct keep_op op_use_ticket = {"login.use-ticket", use_ticket};

struct keep login_keep_use_ticket(struct arena *a, struct str ticket)
{
    struct buf b = buf_new(a, 0);
    put_ticket(&b, ticket);
    return asked(&op_use_ticket, &b);
}

/* ---- a password hashed anew ---- */

static enum err rehash(struct ctx *ctx, struct db *db, struct str payload,
                       const struct keep_act *act, struct buf *answer)
{
    struct wire w = wire_read(payload);
    struct login_secret_use_in in = {.used_ms = ctx->world->now(ctx->world).ms};
    in.id = wire_text(&w);
    in.secret = wire_text(&w);
    (void)act;
    (void)answer;
    TRY(wire_done(ctx, &w));
    return login_secret_use(ctx, db, in);
}
static const struct keep_op op_rehash = {"login.rehash", rehash};

struct keep login_keep_rehash(struct arena *a, struct str id, struct str text)
{
    struct buf b = buf_new(a, 0);
    wire_put_text(&b, id);
    wire_put_text(&b, text);
    return asked(&op_rehash, &b);
}

/* ---- a one-time code, a passkey: the counter goes up, or it is refused ---- */

static enum err use_counter(struct ctx *ctx, struct db *db, struct str payload, struct buf *answer,
                            bool (*holds)(int64_t known, int64_t sent))
{
    struct wire w = wire_read(payload);
    struct login_secret_get_row row;
    struct str id = wire_text(&w);
    int64_t sent = wire_int(&w);
    struct str ticket = wire_text(&w);
    bool found = false;
    bool first = true;
    TRY(wire_done(ctx, &w));
    if (ticket.n > 0) {
        TRY(spend(ctx, db, ticket, &first));
    }
    if (!first) {
        return answer_refused(answer, true);
    }
    TRY(login_secret_get(ctx, db, (struct login_secret_get_in){.id = id}, &row, &found));
    if (!found || !holds(row.counter, sent)) {
        return answer_refused(answer, true);
    }
    TRY(login_secret_use(ctx, db,
                         (struct login_secret_use_in){.id = id,
                                                      .secret = row.secret,
                                                      .counter = sent,
                                                      .used_ms = ctx->world->now(ctx->world).ms}));
    return answer_refused(answer, false);
}

static struct keep ask_counter(struct arena *a, const struct keep_op *op, struct str id,
                               int64_t sent, struct str challenge)
{
    struct buf b = buf_new(a, 0);
    wire_put_text(&b, id);
    wire_put_int(&b, sent);
    put_ticket(&b, challenge);
    return asked(op, &b);
}

static bool step_holds(int64_t known, int64_t sent)
{
    return known < sent;
}

static enum err use_code(struct ctx *ctx, struct db *db, struct str payload,
                         const struct keep_act *act, struct buf *answer)
{
    (void)act;
    return use_counter(ctx, db, payload, answer, step_holds);
}
static const struct keep_op op_use_code = {"login.use-code", use_code};

struct keep login_keep_use_code(struct arena *a, struct str id, int64_t step)
{
    return ask_counter(a, &op_use_code, id, step, STR(""));
}

static bool count_holds(int64_t known, int64_t sent)
{
    return webauthn_count_holds((uint32_t)known, (uint32_t)sent);
}

static enum err use_passkey(struct ctx *ctx, struct db *db, struct str payload,
                            const struct keep_act *act, struct buf *answer)
{
    (void)act;
    return use_counter(ctx, db, payload, answer, count_holds);
}
static const struct keep_op op_use_passkey = {"login.use-passkey", use_passkey};

struct keep login_keep_use_passkey(struct arena *a, struct str id, uint32_t sent,
                                   struct str challenge)
{
    return ask_counter(a, &op_use_passkey, id, sent, challenge);
}

/* ---- a recovery code or a code of the counter, used up in the transaction that lets it in ---- */

static enum err use_activation(struct ctx *ctx, struct db *db, struct str owner, struct str digest,
                               struct buf *answer)
{
    int64_t taken = 0;
    TRY(login_activation_take(
        ctx, db,
        (struct login_activation_take_in){
            .owner = owner, .digest = digest, .now_ms = ctx->world->now(ctx->world).ms},
        &taken));
    return answer_refused(answer, taken != 1);
}

static enum err use_recovery(struct ctx *ctx, struct db *db, struct str payload,
                             const struct keep_act *act, struct buf *answer)
{
    struct wire w = wire_read(payload);
    struct str id = wire_text(&w);
    struct str owner = wire_text(&w);
    uint8_t digest[RECOVERY_DIGEST];
    struct login_secret_get_row row;
    bool found = false;
    wire_bytes(&w, digest, sizeof(digest));
    (void)act;
    TRY(wire_done(ctx, &w));
    if (id.n == 0) {
        return use_activation(ctx, db, owner, (struct str){(const char *)digest, sizeof(digest)},
                              answer);
    }
    TRY(login_secret_get(ctx, db, (struct login_secret_get_in){.id = id}, &row, &found));
    struct str left = found ? row.secret : STR("");
    for (size_t i = 0; i + RECOVERY_DIGEST <= left.n; i += RECOVERY_DIGEST) {
        if (!bytes_equal(left.p + i, digest, RECOVERY_DIGEST)) {
            continue;
        }
        struct str parts[] = {str_slice(left, 0, i), str_slice(left, i + RECOVERY_DIGEST, left.n)};
        TRY(login_secret_use(
            ctx, db,
            (struct login_secret_use_in){.id = id,
                                         .secret = str_join(ctx->arena, parts, 2, STR("")),
                                         .counter = row.counter + 1,
                                         .used_ms = ctx->world->now(ctx->world).ms}));
        return answer_refused(answer, false);
    }
    return answer_refused(answer, true);
}
static const struct keep_op op_use_recovery = {"login.use-recovery", use_recovery};

struct keep login_keep_use_recovery(struct arena *a, struct str id, struct str owner,
                                    const uint8_t digest[RECOVERY_DIGEST])
{
    struct buf b = buf_new(a, 0);
    wire_put_text(&b, id);
    wire_put_text(&b, owner);
    wire_put_text(&b, (struct str){(const char *)digest, RECOVERY_DIGEST});
    return asked(&op_use_recovery, &b);
}

/* ---- beside an act: a new way to sign in, one that is removed, an account that changes ---- */

static enum err add_secret(struct ctx *ctx, struct db *db, struct str payload,
                           const struct keep_act *act, struct buf *answer)
{
    struct wire w = wire_read(payload);
    struct login_secret_add_in in = {0};
    in.id = wire_text(&w);
    in.owner = wire_text(&w);
    in.kind = wire_text(&w);
    in.secret = wire_text(&w);
    in.handle = wire_text(&w);
    in.algorithm = wire_int(&w);
    in.counter = wire_int(&w);
    in.flags = wire_int(&w);
    bool one = wire_int(&w) != 0;
    struct str ticket = wire_text(&w);
    bool first = true;
    (void)act;
    (void)answer;
    TRY(wire_done(ctx, &w));
    if (ticket.n > 0) {
        TRY(spend(ctx, db, ticket, &first));
    }
    if (!first) { /* undoes the act as well */
        return fault(ctx, ERR_CONFLICT, "the challenge was answered before");
    }
    if (one) {
        TRY(login_secret_replace(
            ctx, db,
            (struct login_secret_replace_in){.owner = in.owner, .kind = in.kind, .id = in.id}));
    }
    return login_secret_add(ctx, db, in);
}
static const struct keep_op op_add_secret = {"login.add-secret", add_secret};

struct keep login_keep_add_secret(struct arena *a, const struct new_secret *s)
{
    struct buf b = buf_new(a, 0);
    wire_put_text(&b, s->id);
    wire_put_text(&b, s->owner);
    wire_put_text(&b, str_from(s->kind));
    wire_put_text(&b, s->secret);
    wire_put_text(&b, s->handle);
    wire_put_int(&b, s->algorithm);
    wire_put_int(&b, s->counter);
    wire_put_int(&b, s->flags);
    wire_put_int(&b, s->one);
    put_ticket(&b, s->challenge);
    return asked(&op_add_secret, &b);
}

static enum err forget_secret(struct ctx *ctx, struct db *db, struct str payload,
                              const struct keep_act *act, struct buf *answer)
{
    struct wire w = wire_read(payload);
    struct login_secret_remove_in in = {0};
    in.id = wire_text(&w);
    in.owner = wire_text(&w);
    (void)act;
    (void)answer;
    TRY(wire_done(ctx, &w));
    return login_secret_remove(ctx, db, in);
}
static const struct keep_op op_forget_secret = {"login.forget-secret", forget_secret};

struct keep login_keep_forget_secret(struct arena *a, struct str id, struct str owner)
{
    struct buf b = buf_new(a, 0);
    wire_put_text(&b, id);
    wire_put_text(&b, owner);
    return asked(&op_forget_secret, &b);
}

/* After recovery nothing of before proves anything; a code is for the first sign-in. */
static enum err change_account(struct ctx *ctx, struct db *db, struct str payload,
                               const struct keep_act *act, struct buf *answer)
{
    struct wire w = wire_read(payload);
    struct str owner = wire_text(&w);
    bool clears = wire_int(&w) != 0;
    struct str digest = wire_text(&w);
    int64_t until = ctx->world->now(ctx->world).ms + (int64_t)ACTIVATION_DAYS * 24 * 3600 * 1000;
    (void)act;
    (void)answer;
    TRY(wire_done(ctx, &w));
    if (clears) {
        TRY(login_secret_clear(ctx, db, (struct login_secret_clear_in){.owner = owner}));
    }
    if (digest.n == 0) {
        return ERR_OK;
    }
    return login_activation_set(
        ctx, db,
        (struct login_activation_set_in){.owner = owner, .digest = digest, .until_ms = until});
}
static const struct keep_op op_change_account = {"login.change-account", change_account};

struct keep login_keep_change_account(struct arena *a, struct str owner, bool clears,
                                      struct str digest)
{
    struct buf b = buf_new(a, 0);
    wire_put_text(&b, owner);
    wire_put_int(&b, clears);
    wire_put_text(&b, digest);
    return asked(&op_change_account, &b);
}

/* ---- the demo's sign-in addresses ---- */

static const struct str demo = STR_INIT("demo");

/* Until it is used, or the demo starts anew. */
static enum err give_demo(struct ctx *ctx, struct db *db, struct wire *w)
{
    struct instant until = {ctx->world->now(ctx->world).ms + DEMO_MS};
    struct str hash = wire_text(w);
    struct str person = wire_text(w);
    return w->is_broken ? ERR_OK : ticket_give(ctx, db, demo, hash, person, until);
}

static enum err demo_codes(struct ctx *ctx, struct db *db, struct str payload,
                           const struct keep_act *act, struct buf *answer)
{
    struct wire w = wire_read(payload);
    (void)act;
    (void)answer;
    if (wire_int(&w) != 0) {
        TRY(ticket_clear(ctx, db, demo));
    }
    for (int64_t count = wire_int(&w); count > 0 && !w.is_broken; count--) {
        TRY(give_demo(ctx, db, &w));
    }
    return wire_done(ctx, &w);
}
static const struct keep_op op_demo_codes = {"login.demo-codes", demo_codes};

struct keep login_keep_demo_codes(struct arena *a, const struct demo_person *people, size_t count)
{
    struct buf b = buf_new(a, 0);
    wire_put_int(&b, true);
    wire_put_int(&b, (int64_t)count);
    for (size_t i = 0; i < count; i++) {
        put_ticket(&b, people[i].code);
        wire_put_text(&b, people[i].id);
    }
    return asked(&op_demo_codes, &b);
}

struct keep login_keep_demo_give(struct arena *a, struct str code, struct str person)
{
    struct buf b = buf_new(a, 0);
    wire_put_int(&b, false);
    wire_put_int(&b, 1);
    put_ticket(&b, code);
    wire_put_text(&b, person);
    return asked(&op_demo_codes, &b);
}

static enum err demo_take(struct ctx *ctx, struct db *db, struct str payload,
                          const struct keep_act *act, struct buf *answer)
{
    struct wire w = wire_read(payload);
    struct str hash = wire_text(&w);
    struct str person = {0};
    bool found = false;
    (void)act;
    TRY(wire_done(ctx, &w));
    TRY(ticket_take(ctx, db, demo, hash, &person, &found));
    wire_put_text(answer, person);
    return ERR_OK;
}
static const struct keep_op op_demo_take = {"login.demo-take", demo_take};

struct keep login_keep_demo_take(struct arena *a, struct str code)
{
    struct buf b = buf_new(a, 0);
    put_ticket(&b, code);
    return asked(&op_demo_take, &b);
}

static const struct keep_op *const ops[] = {
    &op_use_ticket, &op_rehash,        &op_use_code,       &op_use_passkey, &op_use_recovery,
    &op_add_secret, &op_forget_secret, &op_change_account, &op_demo_codes,  &op_demo_take};
const struct keep_table login_keeps = {ops, LEN(ops)};
