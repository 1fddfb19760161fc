/* Who may come, what they may see, and the note of it: by the law's table of access
 * (law/cn/access). */
#include "web/web_in.h"

#include "base/day.h"
#include "base/world.h"
#include "gate/read.h"
#include "limit_gen.h"
#include "web_sql.h"

enum err access_load(struct page *p, bool *ret_may)
{
    struct ctx *ctx = p->ctx;
    static const struct str party = STR_INIT("party");
    *ret_may = true;
    if (p->law == NULL || !law_has_access(p->law)) {
        return ERR_OK;
    }
    p->access =
        law_access(p->law, str_format(ctx->arena, "%s %s", p->route->method, p->route->path));
    if (p->session.signed_in && p->session.actor.kind == ACTOR_PARTY) {
        p->roles = &party;
        p->role_count = 1;
    } else if (p->session.signed_in) {
        struct actor_record record;
        bool found = false;
        TRY(gate_actor(ctx, p->gate, p->db, p->session.actor.id, &record, &found));
        p->roles = record.roles;
        p->role_count = found && record.active ? record.role_count : 0;
    }
    *ret_may = false;
    for (unsigned r = 0; r < ACCESS_RELATIONS; r++) {
        *ret_may = *ret_may || page_classes(p, (enum access_relation)r) != 0;
    }
    return ERR_OK;
}

unsigned page_classes(const struct page *p, enum access_relation relation)
{
    unsigned bits = 0;
    if (p->law == NULL || !law_has_access(p->law)) {
        return 1u << CLASS_PUBLIC | 1u << CLASS_BUSINESS | 1u << CLASS_PERSONAL |
               1u << CLASS_SENSITIVE;
    }
    const struct access_row *anyone = law_access_row(p->access, STR(""), relation);
    bits |= anyone == NULL ? 0 : anyone->classes;
    for (size_t i = 0; i < p->role_count; i++) {
        const struct access_row *row = law_access_row(p->access, p->roles[i], relation);
        bits |= row == NULL ? 0 : row->classes;
    }
    return bits;
}

/* ---- notes of use ---- */

void page_use(struct page *p, struct str subject, struct str about, enum access_relation relation)
{
    if (subject.n == 0 || str_equal(subject, p->session.actor.id)) {
        return;
    }
    for (size_t i = 0; i < p->use_count; i++) {
        if (str_equal(p->uses[i].subject, subject) && str_equal(p->uses[i].about, about)) {
            return;
        }
    }
    if (p->use_count == p->use_room) { /* a page of many rows; its lists are bounded */
        size_t room = p->use_room == 0 ? 16 : p->use_room * 2;
        p->uses = arena_grow(p->ctx->arena, p->uses, p->use_room * sizeof(*p->uses),
                             room * sizeof(*p->uses));
        p->use_room = room;
    }
    p->uses[p->use_count++] = (struct page_use){subject, about, relation};
}

enum err use_keep(struct ctx *ctx, struct db *db, const struct use_note *n)
{
    struct instant now = ctx->world->now(ctx->world);
    return web_use_add(ctx, db,
                       (struct web_use_add_in){.used_day = instant_day(now).n,
                                               .last_ms = now.ms,
                                               .subject = n->subject,
                                               .about = n->about,
                                               .reader = n->reader,
                                               .route = n->route,
                                               .relation = (int64_t)n->relation});
}

static enum err apply_uses(struct ctx *ctx, struct db *db, struct str payload,
                           const struct keep_act *act, struct buf *answer)
{
    struct wire w = wire_read(payload);
    struct use_note note = {0};
    note.reader = wire_text(&w);
    note.route = wire_text(&w);
    (void)act;
    (void)answer;
    for (int64_t count = wire_int(&w); count > 0 && !w.is_broken; count--) {
        note.subject = wire_text(&w);
        note.about = wire_text(&w);
        note.relation = (enum access_relation)wire_int(&w);
        TRY(use_keep(ctx, db, &note));
    }
    return wire_done(ctx, &w);
}
static const struct keep_op note_uses = {"web.note-uses", apply_uses};
static const struct keep_op *const ops[] = {&note_uses, &web_keep_piece};
const struct keep_table web_keeps = {ops, LEN(ops)};

enum err page_reader_name(struct page *p, struct str reader, struct str *ret, bool *ret_found)
{
    *ret_found = false;
    if (p->web->config.reader_name == NULL || str_find_byte(reader, ':') == SIZE_MAX) {
        return ERR_OK;
    }
    return p->web->config.reader_name(p->ctx, p->db, p->lang, reader, ret, ret_found);
}

static void not_kept(struct page *p)
{
    /* Data whose reading cannot be noted are not handed out. */
    p->status = 503;
    p->type = STR("application/problem+json");
    p->body = STR(
        "{\"type\":\"urn:tongban:problem:busy\",\"title\":\"Service Unavailable\",\"status\":503,"
        "\"detail\":\"The reading of these data could not be noted; try again shortly.\"}\n");
    p->location = STR("");
    p->cache_s = -1;
}

static void send_kept(void *arg, struct http_exchange *x)
{
    (void)x;
    page_send_now(arg);
}

static void uses_kept(void *arg, enum err err, const struct why *why, const struct receipt *receipt)
{
    struct page *p = arg;
    (void)why;
    (void)receipt;
    if (err != ERR_OK) {
        not_kept(p);
    }
    http_resume(p->exchange, send_kept, p);
}

void uses_keep(struct page *p)
{
    struct arena *a = p->ctx->arena;
    struct buf b = buf_new(a, LIMIT_KEEP_BYTES);
    struct str payload = {0};
    wire_put_text(&b, p->session.actor.id);
    wire_put_text(&b, str_format(a, "%s %s", p->route->method, p->route->path));
    wire_put_int(&b, (int64_t)p->use_count);
    for (size_t i = 0; i < p->use_count; i++) {
        wire_put_text(&b, p->uses[i].subject);
        wire_put_text(&b, p->uses[i].about);
        wire_put_int(&b, (int64_t)p->uses[i].relation);
    }
    enum err e = buf_done(p->ctx, &b, &payload);
    struct keep keep = {&note_uses, payload};
    if (e != ERR_OK || gate_keep(p->ctx, p->gate, &keep, uses_kept, p) != ERR_OK) {
        not_kept(p);
        page_send_now(p);
    }
}

enum err page_uses(struct page *p, struct str subject, struct use_row **ret, size_t *ret_count)
{
    enum { SHOWN_DAYS = 90 };
    struct ctx *ctx = p->ctx;
    struct web_use_list_row *rows = NULL;
    struct day today = instant_day(ctx->world->now(ctx->world));
    TRY(web_use_list(ctx, p->db,
                     (struct web_use_list_in){.subject = subject,
                                              .used_day = today.n - SHOWN_DAYS,
                                              .count = LIMIT_PAGE_ROWS},
                     &rows, ret_count));
    struct use_row *out = ARENA_ARRAY(ctx->arena, struct use_row, *ret_count + 1);
    for (size_t i = 0; i < *ret_count; i++) {
        out[i] = (struct use_row){{(int32_t)rows[i].used_day},
                                  rows[i].reader,
                                  rows[i].about,
                                  rows[i].route,
                                  (enum access_relation)rows[i].relation,
                                  rows[i].times};
    }
    *ret = out;
    return ERR_OK;
}
