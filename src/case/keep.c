/* What the writer does to drafts that wait for a second officer: the kept operations of the room,
 * each beside the function that says what it is asked.
 *
 * The writer is one, so of two answers to one draft (signed here, withdrawn there) the one that
 * comes second finds it settled. A signature is written in the savepoint of the act it makes: there
 * is no signed draft without its act, and no act of a draft that was withdrawn meanwhile. */
#include "base/token.h"
#include "base/world.h"
#include "case/case_in.h"
#include "limit_gen.h"
#include "vault/upload.h"

enum { SWEPT = 20 };

static struct keep asked(const struct keep_op *op, const struct buf *b)
{
    must(b->err == ERR_OK);
    return (struct keep){op, buf_str(b)};
}

static enum err answered(struct buf *answer, enum keep_answer what)
{
    wire_put_int(answer, what);
    return ERR_OK;
}

static bool waits(const struct case_waiting_get_row *row, int64_t now)
{
    return str_equal(row->state, STR("waits")) && row->until_ms > now;
}

static enum err sweep_some(struct ctx *ctx, struct db *db)
{
    struct case_waiting_old_row *rows = NULL;
    size_t count = 0;
    int64_t before = ctx->world->now(ctx->world).ms - LIMIT_SIGN_KEPT_MS;
    TRY(case_waiting_old(ctx, db, (struct case_waiting_old_in){.before = before, .count = SWEPT},
                         &rows, &count));
    for (size_t i = 0; i < count; i++) {
        TRY(case_waiting_remove(ctx, db, (struct case_waiting_remove_in){.id = rows[i].id}));
    }
    return ERR_OK;
}

/* ---- sent ---- */

static struct case_waiting_add_in read_row(struct wire *w)
{
    struct case_waiting_add_in in = {0};
    struct str *texts[] = {&in.id,     &in.sender, &in.signer, &in.kind,   &in.case_id, &in.item,
                           &in.for_id, &in.fields, &in.files,  &in.digest, &in.nonce};
    for (size_t i = 0; i < LEN(texts); i++) {
        *texts[i] = wire_text(w);
    }
    in.assurance = wire_int(w);
    in.proven_ms = wire_int(w);
    in.sent_ms = wire_int(w);
    in.until_ms = wire_int(w);
    return in;
}

/* The same draft once more, as a form is sent twice? Nonce and time are drawn anew each time. */
static bool is_same(const struct case_waiting_get_row *then, const struct case_waiting_add_in *now)
{
    return str_equal(then->signer, now->signer) && str_equal(then->kind, now->kind) &&
           str_equal(then->case_id, now->case_id) && str_equal(then->item, now->item) &&
           str_equal(then->for_id, now->for_id) &&
           (then->fields.n == 0 || str_equal(then->fields, now->fields));
}

static enum err withdraw(struct ctx *ctx, struct db *db, struct str id, struct str sender)
{
    struct case_waiting_get_row row;
    bool found = false;
    TRY(case_waiting_get(ctx, db, (struct case_waiting_get_in){.id = id}, &row, &found));
    bool open = found && str_equal(row.sender, sender) && !str_equal(row.state, STR("signed"));
    return open ? case_waiting_withdraw(ctx, db, (struct case_waiting_withdraw_in){.id = id})
                : ERR_OK;
}

static enum err send(struct ctx *ctx, struct db *db, struct str payload, const struct keep_act *act,
                     struct buf *answer)
{
    struct wire w = wire_read(payload);
    struct case_waiting_add_in in = read_row(&w);
    struct str replaces = wire_text(&w);
    struct case_waiting_get_row before;
    struct case_waiting_count_row sent = {0};
    bool found = false;
    (void)act;
    TRY(case_waiting_get(ctx, db, (struct case_waiting_get_in){.id = in.id}, &before, &found));
    if (found) {
        return answered(answer, is_same(&before, &in) ? KEEP_SAME : KEEP_OTHER);
    }
    TRY(sweep_some(ctx, db));
    if (replaces.n > 0) {
        TRY(withdraw(ctx, db, replaces, in.sender));
    }
    TRY(case_waiting_count(ctx, db,
                           (struct case_waiting_count_in){.sender = in.sender, .now = in.sent_ms},
                           &sent, &found));
    if (found && sent.waiting >= LIMIT_SIGNS_OF_ONE) {
        return answered(answer, KEEP_TOO_MANY);
    }
    struct instant held = {in.until_ms + LIMIT_SIGN_KEPT_MS};
    for (int64_t left = wire_int(&w); left > 0 && !w.is_broken; left--) {
        TRY(upload_hold(ctx, db, wire_text(&w), in.sender, held));
    }
    TRY(wire_done(ctx, &w));
    TRY(case_waiting_add(ctx, db, in));
    return answered(answer, KEEP_DONE);
}
static const struct keep_op op_send = {"case.send", send};

struct keep case_keep_send(struct arena *a, const struct case_waiting_add_in *row,
                           const struct attachment *files, size_t file_count, struct str replaces)
{
    struct buf b = buf_new(a, 0);
    struct str texts[] = {row->id,      row->sender, row->signer, row->kind,
                          row->case_id, row->item,   row->for_id, row->fields,
                          row->files,   row->digest, row->nonce};
    for (size_t i = 0; i < LEN(texts); i++) {
        wire_put_text(&b, texts[i]);
    }
    wire_put_int(&b, row->assurance);
    wire_put_int(&b, row->proven_ms);
    wire_put_int(&b, row->sent_ms);
    wire_put_int(&b, row->until_ms);
    wire_put_text(&b, replaces);
    wire_put_int(&b, (int64_t)file_count);
    for (size_t i = 0; i < file_count; i++) {
        wire_put_text(&b, files[i].upload);
    }
    return asked(&op_send, &b);
}

/* ---- signed: beside the act ---- */

static enum err sign(struct ctx *ctx, struct db *db, struct str payload, const struct keep_act *act,
                     struct buf *answer)
{
    struct wire w = wire_read(payload);
    struct case_waiting_get_row row;
    struct str id = wire_text(&w);
    struct str signer = wire_text(&w);
    struct str digest = wire_text(&w);
    bool found = false;
    (void)answer;
    TRY(wire_done(ctx, &w));
    must(act != NULL);
    TRY(case_waiting_get(ctx, db, (struct case_waiting_get_in){.id = id}, &row, &found));
    if (!found || !waits(&row, ctx->world->now(ctx->world).ms) || !str_equal(row.signer, signer) ||
        !str_equal(row.digest, digest)) {
        fault(ctx, ERR_CONFLICT, "it does not wait for this signature any more");
        ctx->why.field = STR("_draft");
        return ERR_CONFLICT;
    }
    return case_waiting_sign(ctx, db, (struct case_waiting_sign_in){.id = id, .seq = act->seq});
}
static const struct keep_op op_sign = {"case.sign", sign};

struct keep case_keep_sign(struct arena *a, struct str id, struct str signer, struct str digest)
{
    struct buf b = buf_new(a, 0);
    wire_put_text(&b, id);
    wire_put_text(&b, signer);
    wire_put_text(&b, digest);
    return asked(&op_sign, &b);
}

/* ---- declined, refused, withdrawn ---- */

static enum err end(struct ctx *ctx, struct db *db, struct str payload, const struct keep_act *act,
                    struct buf *answer)
{
    struct wire w = wire_read(payload);
    struct case_waiting_get_row row;
    struct str id = wire_text(&w);
    struct str by = wire_text(&w);
    struct str state = wire_text(&w);
    struct str why = wire_text(&w);
    bool found = false;
    (void)act;
    TRY(wire_done(ctx, &w));
    TRY(sweep_some(ctx, db));
    TRY(case_waiting_get(ctx, db, (struct case_waiting_get_in){.id = id}, &row, &found));
    bool by_sender = found && str_equal(row.sender, by) && str_equal(state, STR("withdrawn")) &&
                     !str_equal(row.state, STR("signed"));
    bool by_signer = found && str_equal(row.signer, by) && !str_equal(state, STR("withdrawn")) &&
                     waits(&row, ctx->world->now(ctx->world).ms);
    if (!by_sender && !by_signer) {
        return answered(answer, KEEP_SETTLED);
    }
    TRY(by_sender
            ? case_waiting_withdraw(ctx, db, (struct case_waiting_withdraw_in){.id = id})
            : case_waiting_end(ctx, db,
                               (struct case_waiting_end_in){.id = id, .state = state, .why = why}));
    return answered(answer, KEEP_DONE);
}
static const struct keep_op op_end = {"case.end", end};

struct keep case_keep_end(struct arena *a, struct str id, struct str by, const char *state,
                          struct str why)
{
    struct buf b = buf_new(a, 0);
    wire_put_text(&b, id);
    wire_put_text(&b, by);
    wire_put_text(&b, str_from(state));
    wire_put_text(&b, why);
    return asked(&op_end, &b);
}

/* ---- forgotten ---- */

static enum err sweep(struct ctx *ctx, struct db *db, struct str payload,
                      const struct keep_act *act, struct buf *answer)
{
    (void)payload;
    (void)act;
    (void)answer;
    return sweep_some(ctx, db);
}
static const struct keep_op op_sweep = {"case.sweep", sweep};

struct keep case_keep_sweep(struct arena *a)
{
    struct buf b = buf_new(a, 0);
    return asked(&op_sweep, &b);
}

static const struct keep_op *const ops[] = {&op_send, &op_sign, &op_end, &op_sweep};
const struct keep_table case_keeps = {ops, LEN(ops)};
