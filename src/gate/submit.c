/* submit.c - from a caller's thread to the writer and back: drafts wait here in arenas of their
 * own. In a front process they go to the writer's process instead (front.c), where they come in
 * here again (relay.c). */
#include "base/json_make.h"
#include "gate/gate_in.h"

#include <pthread.h>

#include "gate/post.h"
#include "store/writer.h"

/* One queued draft: a copy of it, and room for the answer. */
struct submission {
    struct gate *gate;
    struct arena *arena;
    struct draft draft;
    struct receipt receipt;
    struct keep beside; /* done with the act or, when there is none, alone; op NULL: nothing */
    gate_kept *here;    /* in place of an operation, for callers of this process */
    void *here_arg;
    bool has_draft;
    bool applied; /* at least once: a batch may be applied again */
    struct arena_mark filled;
    gate_done *done;
    void *arg;
};

static struct json copy_json(struct arena *a, const struct json *j)
{
    struct json out = *j;
    out.text = str_copy(a, j->text);
    if (j->kind == JSON_ARRAY) {
        out = json_array();
        for (size_t i = 0; i < j->count; i++) {
            json_push(a, &out, copy_json(a, &j->items[i]));
        }
    } else if (j->kind == JSON_OBJECT) {
        out = json_object();
        for (size_t i = 0; i < j->count; i++) {
            json_set(a, &out, str_copy(a, j->members[i].key), copy_json(a, &j->members[i].value));
        }
    }
    return out;
}

static struct draft copy_draft(struct arena *a, const struct draft *d)
{
    struct draft out = *d;
    struct str *texts[] = {&out.kind,       &out.actor.id, &out.actor.for_id,   &out.actor.co_id,
                           &out.actor.role, &out.item,     &out.office,         &out.case_id,
                           &out.key,        &out.timer,    &out.consent.digest, &out.consent.nonce};
    for (size_t i = 0; i < LEN(texts); i++) {
        *texts[i] = str_copy(a, *texts[i]);
    }
    out.fields = d->fields.kind == JSON_OBJECT ? copy_json(a, &d->fields) : json_object();
    struct attachment *files = ARENA_ARRAY(a, struct attachment, d->attachment_count + 1);
    for (size_t i = 0; i < d->attachment_count; i++) {
        const struct attachment *f = &d->attachments[i];
        files[i] =
            (struct attachment){str_copy(a, f->sha256), str_copy(a, f->type), str_copy(a, f->name),
                                str_copy(a, f->bytes), str_copy(a, f->upload)};
    }
    out.attachments = files;
    return out;
}

/* Arenas are kept for the next draft, some of as many as may wait at once. NULL when there is no
 * memory. */
struct submission *submission_take(struct gate *g)
{
    pthread_mutex_lock(&g->pool_lock);
    struct arena *arena = g->pool_count > 0 ? g->pool[--g->pool_count] : NULL;
    pthread_mutex_unlock(&g->pool_lock);
    arena = arena != NULL ? arena : arena_new(LIMIT_SUBMISSION_BYTES);
    struct arena_guard guard;
    if (arena == NULL) {
        return NULL;
    }
    if (setjmp(guard.jump) != 0) {
        arena_free(arena);
        return NULL;
    }
    arena_guard(arena, &guard);
    struct submission *s = ARENA_NEW(arena, struct submission);
    arena_guard(arena, NULL);
    s->arena = arena;
    s->gate = g;
    return s;
}

void submission_give(struct submission *s)
{
    struct gate *g = s->gate;
    struct arena *arena = s->arena;
    arena_guard(arena, NULL);
    arena_clear(arena);
    pthread_mutex_lock(&g->pool_lock);
    bool keep = g->pool_count < LEN(g->pool);
    if (keep) {
        g->pool[g->pool_count++] = arena;
    }
    pthread_mutex_unlock(&g->pool_lock);
    if (!keep) {
        arena_free(arena);
    }
}

void *submission_push(struct submission *s, size_t bytes)
{
    struct arena_guard guard;
    if (s == NULL || setjmp(guard.jump) != 0) {
        return NULL;
    }
    arena_guard(s->arena, &guard);
    void *p = arena_push(s->arena, bytes);
    arena_guard(s->arena, NULL);
    return p;
}

void submissions_free(struct gate *g)
{
    while (g->pool_count > 0) {
        arena_free(g->pool[--g->pool_count]);
    }
}

/* What is kept beside an act, or alone, and its answer where the writer's arena does not reach. */
static enum err apply_kept(struct ctx *ctx, struct db *db, struct submission *s,
                           const struct keep_act *act)
{
    struct str answer = {0};
    if (s->here != NULL) {
        return s->here(ctx, db, s->here_arg, act == NULL ? NULL : &s->receipt);
    }
    TRY(keep_run(ctx, db, &s->beside, act, &answer));
    s->receipt.kept = str_copy(s->arena, answer);
    return ERR_OK;
}

static enum err apply_draft(struct ctx *ctx, struct db *db, struct submission *s)
{
    TRY(admit(ctx, s->gate, db, &s->draft, s->arena, &s->receipt));
    bool keeps = s->beside.op != NULL || s->here != NULL;
    if (!keeps || s->receipt.seq < 0 || s->receipt.repeated) {
        return ERR_OK;
    }
    struct keep_act act = {.seq = s->receipt.seq, .at = s->receipt.at};
    return apply_kept(ctx, db, s, &act);
}

static enum err job_apply(struct ctx *ctx, struct db *db, void *arg)
{
    struct submission *s = arg;
    enum err e = ERR_OK;
    if (s->applied) {
        arena_reset(s->arena, s->filled);
        s->receipt = (struct receipt){.seq = -1};
    }
    s->applied = true;
    s->filled = arena_mark(s->arena);
    arena_guard_as(s->arena, ctx->arena);
    if (s->has_draft) {
        e = apply_draft(ctx, db, s);
    } else {
        gate_mark_job(s->gate);
        e = apply_kept(ctx, db, s, NULL);
    }
    arena_guard_as(s->arena, NULL);
    return e;
}

static void job_done(void *arg, enum err err, const struct why *why)
{
    struct submission *s = arg;
    if (err == ERR_OK && s->receipt.seq >= 0) {
        s->receipt.tree_size = (int64_t)gate_tree_size(s->gate);
    }
    s->done(s->arg, err, why, &s->receipt);
    if (err == ERR_OK && s->receipt.next.n > 0 && s->gate->owed != NULL) {
        s->gate->owed(s->gate->owed_arg, s->receipt.next, s->receipt.case_id);
    }
    submission_give(s);
}

/* The copy alone may pass the arena's cap: it has a guard of its own. */
static bool submission_fill(struct submission *s, const struct draft *draft,
                            const struct keep *keep)
{
    struct arena_guard guard;
    if (setjmp(guard.jump) != 0) {
        return false;
    }
    arena_guard(s->arena, &guard);
    if (draft != NULL) {
        s->draft = copy_draft(s->arena, draft);
        s->has_draft = true;
    }
    if (keep != NULL) {
        s->beside = (struct keep){keep->op, str_copy(s->arena, keep->payload)};
    }
    s->receipt.seq = -1;
    arena_guard(s->arena, NULL);
    return true;
}

/* Read what a front sent, which lies in the arena: it may pass the cap as a copy may. */
static bool submission_read(struct submission *s, struct str bytes, struct post_task *ret)
{
    struct arena_guard guard;
    if (setjmp(guard.jump) != 0) {
        return false;
    }
    arena_guard(s->arena, &guard);
    bool good = post_get_task(s->arena, bytes, &s->draft, ret);
    arena_guard(s->arena, NULL);
    return good;
}

enum err submission_queue(struct ctx *ctx, struct submission *s, struct str bytes, gate_done *done,
                          void *arg)
{
    struct post_task task;
    if (!submission_read(s, bytes, &task) || (task.draft == NULL && task.op.n == 0)) {
        return fault(ctx, ERR_SYNTAX, "a front sent what is no draft");
    }
    if (task.op.n > 0) {
        s->beside =
            (struct keep){keep_find(s->gate->keeps, s->gate->keep_count, task.op), task.payload};
        if (s->beside.op == NULL) {
            return fault(ctx, ERR_NOT_SUPPORTED, "no room lists the operation %.*s", FMT(task.op));
        }
    }
    s->has_draft = task.draft != NULL;
    s->receipt.seq = -1;
    s->done = done;
    s->arg = arg;
    return writer_submit(ctx, s->gate->writer, (struct writer_job){job_apply, job_done, s});
}

/* What is to be kept: an operation, or a function of this process. */
struct keeping {
    const struct keep *keep;
    gate_kept *here;
    void *here_arg;
};

/* Queue a draft, rows to keep, or both. */
static enum err queue(struct ctx *ctx, struct gate *g, const struct draft *draft,
                      const struct keeping *what, gate_done *done, void *arg)
{
    const struct keep *keep = what->keep;
    if (draft != NULL && draft->key.n > LIMIT_KEY_BYTES) {
        return fault(ctx, ERR_TOO_LARGE, "the idempotency key is longer than %d bytes",
                     LIMIT_KEY_BYTES);
    }
    if (keep != NULL) {
        TRY(keep_check(ctx, keep));
        if (keep_find(g->keeps, g->keep_count, str_from(keep->op->name)) != keep->op) {
            return fault(ctx, ERR_NOT_SUPPORTED, "no room lists the operation %s", keep->op->name);
        }
    }
    if (g->front != NULL && what->here != NULL) {
        return fault(ctx, ERR_NOT_SUPPORTED, "what lies in this process's memory cannot leave it");
    }
    if (g->front != NULL) {
        struct post_task task = {.draft = draft};
        if (keep != NULL) {
            task.op = str_from(keep->op->name);
            task.payload = keep->payload;
        }
        return front_submit(ctx, g->front, &task, done, arg);
    }
    struct submission *s = submission_take(g);
    if (s == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory to queue a draft or rows to keep");
    }
    s->done = done;
    s->arg = arg;
    s->here = what->here;
    s->here_arg = what->here_arg;
    if (!submission_fill(s, draft, keep)) {
        submission_give(s);
        return fault(ctx, ERR_TOO_LARGE, "the draft and its files are larger than %d bytes",
                     LIMIT_SUBMISSION_BYTES);
    }
    enum err e = writer_submit(ctx, g->writer, (struct writer_job){job_apply, job_done, s});
    if (e != ERR_OK) {
        submission_give(s);
        return fault_pass(ctx, e, __func__);
    }
    return ERR_OK;
}

enum err gate_submit(struct ctx *ctx, struct gate *g, const struct draft *draft, gate_done *done,
                     void *arg)
{
    return gate_submit_with(ctx, g, draft, NULL, done, arg);
}

enum err gate_submit_with(struct ctx *ctx, struct gate *g, const struct draft *draft,
                          const struct keep *beside, gate_done *done, void *arg)
{
    return queue(ctx, g, draft, &(struct keeping){.keep = beside}, done, arg);
}

enum err gate_keep(struct ctx *ctx, struct gate *g, const struct keep *keep, gate_done *done,
                   void *arg)
{
    return queue(ctx, g, NULL, &(struct keeping){.keep = keep}, done, arg);
}

enum err gate_submit_here(struct ctx *ctx, struct gate *g, const struct draft *draft,
                          gate_kept *beside, void *beside_arg, gate_done *done, void *arg)
{
    struct keeping what = {.here = beside, .here_arg = beside_arg};
    return queue(ctx, g, draft, &what, done, arg);
}

enum err gate_keep_here(struct ctx *ctx, struct gate *g, gate_kept *apply, void *apply_arg,
                        gate_done *done, void *arg)
{
    struct keeping what = {.here = apply, .here_arg = apply_arg};
    return queue(ctx, g, NULL, &what, done, arg);
}

/* ---- waiting ---- */

/* The writer's thread may not push on the caller's arena: passing its cap would jump out of one
 * thread into another. So it leaves the short texts here, and the caller copies them. */
enum { HEARD_TEXTS = 10, HEARD_BYTES = 1024 };

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t told;
    struct receipt receipt;
    char text[HEARD_TEXTS][HEARD_BYTES];
    char kept[LIMIT_KEEP_ANSWER_BYTES];
    struct str detail;
    enum err err;
    bool is_told;
};

static void hold(char room[HEARD_BYTES], struct str *s)
{
    size_t whole = s->n < HEARD_BYTES ? s->n : HEARD_BYTES;
    while (whole < s->n && whole > 0 && ((unsigned char)s->p[whole] & 0xc0) == 0x80) {
        whole--; /* no character is cut */
    }
    s->n = whole;
    if (s->n > 0) {
        memcpy(room, s->p, s->n);
    }
    s->p = room;
}

static void wake(void *arg, enum err err, const struct why *why, const struct receipt *receipt)
{
    struct waiter *w = arg;
    pthread_mutex_lock(&w->lock);
    w->err = err;
    if (err == ERR_OK) {
        struct receipt *r = &w->receipt;
        *r = *receipt;
        struct verdict *v = &r->verdict;
        struct str *texts[HEARD_TEXTS] = {
            &r->case_id, &r->due_limit,   &r->next,        &v->check,        &v->code,
            &v->field,   &v->sentence.zh, &v->sentence.en, &v->article.text, &v->article.part};
        for (size_t i = 0; i < HEARD_TEXTS; i++) {
            hold(w->text[i], texts[i]);
        }
        must(r->kept.n <= sizeof(w->kept));
        memcpy(w->kept, r->kept.n > 0 ? r->kept.p : "", r->kept.n);
        r->kept.p = w->kept;
    } else if (why != NULL) {
        w->detail = why->detail;
        hold(w->text[0], &w->detail);
    }
    w->is_told = true;
    pthread_cond_signal(&w->told);
    pthread_mutex_unlock(&w->lock);
}

struct receipt gate_receipt_copy(struct arena *a, const struct receipt *r)
{
    struct receipt out = *r;
    struct str *texts[] = {&out.case_id,
                           &out.kept,
                           &out.due_limit,
                           &out.next,
                           &out.verdict.check,
                           &out.verdict.code,
                           &out.verdict.field,
                           &out.verdict.sentence.zh,
                           &out.verdict.sentence.en,
                           &out.verdict.article.text,
                           &out.verdict.article.part};
    for (size_t i = 0; i < LEN(texts); i++) {
        *texts[i] = str_copy(a, *texts[i]);
    }
    return out;
}

static void waiter_begin(struct waiter *w)
{
    *w = (struct waiter){0};
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->told, NULL);
}

/* Wait for what was queued; without the writer's thread do its work meanwhile. queued: what
 * queueing came to. */
static enum err waiter_end(struct ctx *ctx, struct gate *g, struct waiter *w, enum err queued)
{
    bool waits = queued == ERR_OK;
    if (g->front != NULL) {
        front_send(g->front);
    }
    while (waits && !g->started && !w->is_told && gate_run_once(g) > 0) {
    }
    pthread_mutex_lock(&w->lock);
    while (waits && !w->is_told) {
        pthread_cond_wait(&w->told, &w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->told);
    if (waits && w->err != ERR_OK) {
        ctx->why = (struct why){.code = w->err, .detail = str_copy(ctx->arena, w->detail)};
    }
    return waits ? w->err : queued;
}

enum err gate_submit_wait(struct ctx *ctx, struct gate *g, const struct draft *draft,
                          struct receipt *ret)
{
    struct waiter w;
    waiter_begin(&w);
    TRY(waiter_end(ctx, g, &w, gate_submit(ctx, g, draft, wake, &w)));
    *ret = gate_receipt_copy(ctx->arena, &w.receipt);
    return ERR_OK;
}

enum err gate_keep_wait(struct ctx *ctx, struct gate *g, const struct keep *keep,
                        struct str *ret_kept)
{
    struct waiter w;
    waiter_begin(&w);
    TRY(waiter_end(ctx, g, &w, gate_keep(ctx, g, keep, wake, &w)));
    *ret_kept = str_copy(ctx->arena, w.receipt.kept);
    return ERR_OK;
}

enum err keep_here_wait(struct ctx *ctx, struct gate *g, gate_kept *apply, void *arg)
{
    struct waiter w;
    waiter_begin(&w);
    return waiter_end(ctx, g, &w, gate_keep_here(ctx, g, apply, arg, wake, &w));
}
