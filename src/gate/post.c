/* post.c - drafts and receipts as bytes. Each struct is one list of its fields, walked by a writer
 * and by a reader, so that the two cannot differ in order. Walking to write assigns nothing: what
 * is written may be const. */
#include "gate/post.h"

#include "base/arena.h"
#include "base/str.h"
#include "limit_gen.h"

/* A walk over fields: into `out`, or from `in`. */
struct walk {
    struct buf *out; /* NULL: reading */
    struct str in;
    struct arena *arena; /* of what is read */
    bool wrong;
};

static uint64_t read_number(struct walk *w)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64 && w->in.n > 0; shift += 7) {
        unsigned char c = (unsigned char)w->in.p[0];
        w->in = str_slice(w->in, 1, w->in.n);
        v |= (uint64_t)(c & 0x7f) << shift;
        if ((c & 0x80) == 0) {
            return v;
        }
    }
    w->wrong = true;
    return 0;
}

static void write_number(struct walk *w, uint64_t v)
{
    while (v >= 0x80) {
        buf_byte(w->out, (char)(v | 0x80));
        v >>= 7;
    }
    buf_byte(w->out, (char)v);
}

/* ---- one field ---- */

static void walk_number(struct walk *w, int64_t *v)
{
    /* Small numbers of either sign are short. */
    if (w->out != NULL) {
        write_number(w, ((uint64_t)*v << 1) ^ (uint64_t)(*v >> 63));
    } else {
        uint64_t u = read_number(w);
        *v = (int64_t)(u >> 1) ^ -(int64_t)(u & 1);
    }
}

static void walk_text(struct walk *w, struct str *s)
{
    if (w->out != NULL) {
        write_number(w, s->n);
        buf_put(w->out, *s);
        return;
    }
    uint64_t n = read_number(w);
    w->wrong = w->wrong || n > w->in.n;
    n = w->wrong ? 0 : n;
    *s = str_slice(w->in, 0, n);
    w->in = str_slice(w->in, n, w->in.n);
}

static void walk_bool(struct walk *w, bool *b)
{
    int64_t v = *b;
    walk_number(w, &v);
    if (w->out == NULL) {
        *b = v != 0;
    }
}

static void walk_int(struct walk *w, int *i)
{
    int64_t v = *i;
    walk_number(w, &v);
    w->wrong = w->wrong || v < INT32_MIN || v > INT32_MAX;
    if (w->out == NULL) {
        *i = w->wrong ? 0 : (int)v;
    }
}

/* How many there are of something whose every one takes at least a byte. */
static void walk_count(struct walk *w, size_t *count)
{
    int64_t n = (int64_t)*count;
    walk_number(w, &n);
    w->wrong = w->wrong || n < 0 || (w->out == NULL && (uint64_t)n > w->in.n);
    if (w->out == NULL) {
        *count = w->wrong ? 0 : (size_t)n;
    }
}

/* ---- JSON ---- */

static void walk_json(struct walk *w, struct json *j, int depth);

static void walk_items(struct walk *w, struct json *j, int depth)
{
    walk_count(w, &j->count);
    if (w->out == NULL) {
        j->items = ARENA_ARRAY(w->arena, struct json, j->count + 1);
    }
    for (size_t i = 0; i < j->count && !w->wrong; i++) {
        walk_json(w, &j->items[i], depth + 1);
    }
}

static void walk_members(struct walk *w, struct json *j, int depth)
{
    walk_count(w, &j->count);
    if (w->out == NULL) {
        j->members = ARENA_ARRAY(w->arena, struct json_member, j->count + 1);
    }
    for (size_t i = 0; i < j->count && !w->wrong; i++) {
        walk_text(w, &j->members[i].key);
        walk_json(w, &j->members[i].value, depth + 1);
    }
}

static void walk_json(struct walk *w, struct json *j, int depth)
{
    int kind = j->kind;
    walk_int(w, &kind);
    w->wrong = w->wrong || kind < JSON_NULL || kind > JSON_OBJECT || depth > LIMIT_JSON_DEPTH;
    if (w->wrong) {
        return;
    }
    if (w->out == NULL) {
        *j = (struct json){.kind = (uint8_t)kind};
    }
    switch ((enum json_kind)kind) {
    case JSON_NULL: break;
    case JSON_BOOL: walk_bool(w, &j->bool_value); break;
    case JSON_NUMBER:
        walk_bool(w, &j->is_int);
        if (j->is_int) {
            walk_number(w, &j->int_value);
        }
        walk_text(w, &j->text);
        break;
    case JSON_STRING: walk_text(w, &j->text); break;
    case JSON_ARRAY: walk_items(w, j, depth); break;
    case JSON_OBJECT: walk_members(w, j, depth); break;
    }
}

/* ---- tasks ---- */

static void walk_actor(struct walk *w, struct actor *a)
{
    int kind = (int)a->kind;
    walk_int(w, &kind);
    w->wrong = w->wrong || kind < ACTOR_PARTY || kind >= ACTOR_KINDS;
    a->kind = w->wrong ? ACTOR_PARTY : (enum actor_kind)kind;
    walk_text(w, &a->id);
    walk_text(w, &a->for_id);
    walk_text(w, &a->co_id);
    walk_int(w, &a->assurance);
    walk_number(w, &a->proven.ms);
    walk_text(w, &a->role);
}

static void walk_attachments(struct walk *w, struct draft *d)
{
    walk_count(w, &d->attachment_count);
    struct attachment *files =
        w->out != NULL ? NULL : ARENA_ARRAY(w->arena, struct attachment, d->attachment_count + 1);
    for (size_t i = 0; i < d->attachment_count && !w->wrong; i++) {
        struct attachment f = w->out != NULL ? d->attachments[i] : (struct attachment){0};
        walk_text(w, &f.sha256);
        walk_text(w, &f.type);
        walk_text(w, &f.name);
        walk_text(w, &f.bytes);
        walk_text(w, &f.upload);
        if (files != NULL) {
            files[i] = f;
        }
    }
    d->attachments = files != NULL ? files : d->attachments;
}

static void walk_draft(struct walk *w, struct draft *d)
{
    walk_text(w, &d->kind);
    walk_actor(w, &d->actor);
    walk_text(w, &d->item);
    walk_text(w, &d->office);
    walk_text(w, &d->case_id);
    walk_text(w, &d->key);
    walk_json(w, &d->fields, 0);
    walk_attachments(w, d);
    walk_text(w, &d->timer);
    walk_text(w, &d->consent.digest);
    walk_text(w, &d->consent.nonce);
    walk_number(w, &d->consent.sent.ms);
    walk_int(w, &d->consent.assurance);
    walk_number(w, &d->consent.proven.ms);
}

static void walk_task(struct walk *w, struct post_task *task, struct draft *draft)
{
    bool has_draft = task->draft != NULL;
    walk_bool(w, &has_draft);
    if (has_draft) {
        walk_draft(w, draft);
    }
    task->draft = has_draft ? draft : NULL;
    walk_text(w, &task->op);
    walk_text(w, &task->payload);
}

void post_put_task(struct buf *b, const struct post_task *task)
{
    struct walk w = {.out = b};
    struct post_task t = *task;
    struct draft d = task->draft == NULL ? (struct draft){0} : *task->draft;
    walk_task(&w, &t, &d);
}

bool post_get_task(struct arena *a, struct str bytes, struct draft *ret_draft,
                   struct post_task *ret)
{
    struct walk w = {.in = bytes, .arena = a};
    *ret_draft = (struct draft){0};
    *ret = (struct post_task){0};
    walk_task(&w, ret, ret_draft);
    return !w.wrong && w.in.n == 0;
}

/* ---- law ---- */

static void walk_law(struct walk *w, struct post_law *law)
{
    walk_number(w, &law->seq);
    walk_int(w, &law->day.n);
}

void post_put_law(struct buf *b, const struct post_law *law)
{
    struct walk w = {.out = b};
    struct post_law x = *law;
    walk_law(&w, &x);
}

bool post_get_law(struct str bytes, struct post_law *ret)
{
    struct walk w = {.in = bytes};
    *ret = (struct post_law){0};
    walk_law(&w, ret);
    return !w.wrong && w.in.n == 0;
}

/* ---- answers ---- */

static void walk_verdict(struct walk *w, struct verdict *v)
{
    walk_bool(w, &v->admitted);
    walk_text(w, &v->check);
    walk_text(w, &v->code);
    walk_text(w, &v->sentence.zh);
    walk_text(w, &v->sentence.en);
    walk_text(w, &v->field);
    walk_text(w, &v->article.text);
    walk_text(w, &v->article.part);
}

static void walk_hash(struct walk *w, uint8_t hash[32])
{
    struct str bytes = {(const char *)hash, 32};
    walk_text(w, &bytes);
    w->wrong = w->wrong || bytes.n != 32;
    if (w->out == NULL && !w->wrong) {
        memcpy(hash, bytes.p, 32);
    }
}

static void walk_receipt(struct walk *w, struct receipt *r)
{
    int day = r->due_day.n;
    walk_verdict(w, &r->verdict);
    walk_number(w, &r->seq);
    walk_text(w, &r->case_id);
    walk_number(w, &r->at.ms);
    walk_hash(w, r->leaf_hash);
    walk_number(w, &r->tree_size);
    walk_text(w, &r->due_limit);
    walk_int(w, &day);
    r->due_day.n = day;
    walk_bool(w, &r->repeated);
    walk_text(w, &r->next);
    walk_text(w, &r->kept);
}

static void walk_answer(struct walk *w, struct post_answer *a)
{
    int err = (int)a->err;
    walk_int(w, &err);
    w->wrong = w->wrong || err < 0 || err >= ERR_COUNT;
    a->err = w->wrong ? ERR_OK : (enum err)err;
    walk_text(w, &a->detail);
    walk_text(w, &a->field);
    walk_receipt(w, &a->receipt);
}

void post_put_answer(struct buf *b, const struct post_answer *answer)
{
    struct walk w = {.out = b};
    struct post_answer a = *answer;
    walk_answer(&w, &a);
}

bool post_get_answer(struct str bytes, struct post_answer *ret)
{
    struct walk w = {.in = bytes};
    *ret = (struct post_answer){0};
    walk_answer(&w, ret);
    return !w.wrong && w.in.n == 0;
}
