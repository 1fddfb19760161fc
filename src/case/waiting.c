/* Drafts that wait for their second officer: sent, found again, gone on with.
 *
 * What is kept is the settled form (gate/consent.h), so that the second reads and signs what would
 * enter and nothing else. Files stay the uploads they are until the act claims them: the row names
 * them, and they are held for as long as it. */
#include "base/encode.h"
#include "base/json_make.h"
#include "base/token.h"
#include "base/world.h"
#include "case/case_in.h"
#include "gate/consent.h"
#include "limit_gen.h"
#include "web/answer.h"
#include "web/submit.h"

enum { NONCE_BYTES = 16 };

/* ---- rows ---- */

static enum err files_text(struct ctx *ctx, const struct draft *d, struct str *ret)
{
    struct arena *a = ctx->arena;
    struct json list = json_array();
    struct buf b = buf_new(a, LIMIT_KEEP_BYTES);
    for (size_t i = 0; i < d->attachment_count; i++) {
        const struct attachment *f = &d->attachments[i];
        struct json o = json_object();
        json_set(a, &o, STR("sha256"), json_of_str(f->sha256));
        json_set(a, &o, STR("type"), json_of_str(f->type));
        json_set(a, &o, STR("name"), json_of_str(f->name));
        json_set(a, &o, STR("upload"), json_of_str(f->upload));
        json_push(a, &list, o);
    }
    json_write(&b, &list);
    return buf_done(ctx, &b, ret);
}

static enum err files_read(struct ctx *ctx, struct waiting *w)
{
    struct json list;
    if (w->row.files.n == 0) {
        return ERR_OK;
    }
    TRY(json_parse(ctx, w->row.files, STR("files"), &list));
    w->files = ARENA_ARRAY(ctx->arena, struct attachment, list.count + 1);
    for (size_t i = 0; i < list.count; i++) {
        const struct json *o = &list.items[i];
        w->files[w->file_count++] = (struct attachment){.sha256 = json_text(o, "sha256"),
                                                        .type = json_text(o, "type"),
                                                        .name = json_text(o, "name"),
                                                        .upload = json_text(o, "upload")};
    }
    return ERR_OK;
}

enum err waiting_load(struct page *p, struct str id, struct waiting *ret, bool *ret_found)
{
    struct ctx *ctx = p->ctx;
    struct str me = p->session.actor.id;
    *ret = (struct waiting){.fields = json_object()};
    TRY(case_waiting_get(ctx, p->db, (struct case_waiting_get_in){.id = id}, &ret->row, ret_found));
    bool mine = *ret_found && p->session.actor.kind == ACTOR_OFFICER &&
                (str_equal(ret->row.sender, me) || str_equal(ret->row.signer, me));
    *ret_found = mine;
    if (!mine) {
        return ERR_OK;
    }
    ret->is_over = str_equal(ret->row.state, STR("waits")) &&
                   ret->row.until_ms <= ctx->world->now(ctx->world).ms;
    if (ret->row.fields.n > 0) {
        TRY(json_parse(ctx, ret->row.fields, STR("fields"), &ret->fields));
    }
    return files_read(ctx, ret);
}

struct draft waiting_draft(const struct page *p, const struct waiting *w, int assurance,
                           struct instant proven)
{
    const struct case_waiting_get_row *r = &w->row;
    struct draft d = {.kind = r->kind,
                      .item = r->item,
                      .case_id = r->case_id,
                      .fields = w->fields,
                      .attachments = w->files,
                      .attachment_count = w->file_count};
    d.key = str_format(p->ctx->arena, "sign %.*s", FMT(r->id));
    d.actor = (struct actor){.kind = ACTOR_OFFICER,
                             .id = r->sender,
                             .for_id = r->for_id,
                             .co_id = r->signer,
                             .assurance = (int)r->assurance,
                             .proven = {r->proven_ms}};
    d.consent = (struct consent){.digest = r->digest,
                                 .nonce = r->nonce,
                                 .sent = {r->sent_ms},
                                 .assurance = assurance,
                                 .proven = proven};
    return d;
}

struct str waiting_title(struct page *p, const struct law *law, struct str kind_id,
                         struct str item_id)
{
    const struct act_kind *kind = law == NULL ? NULL : law_act(law, kind_id);
    const struct item *item = law == NULL ? NULL : law_item(law, item_id);
    struct str title = kind == NULL ? kind_id : page_text(p, kind->title);
    return item_id.n == 0
               ? title
               : str_format(p->ctx->arena, p->lang == LANG_EN ? "%.*s: %.*s" : "%.*s：%.*s",
                            FMT(title), FMT(item == NULL ? item_id : page_text(p, item->title)));
}

/* ---- sending ---- */

struct str waiting_second(struct page *p, const struct act_kind *kind)
{
    bool two = kind->officers > 1 && p->session.actor.kind == ACTOR_OFFICER;
    return two ? str_trim(page_field(p, "_with")) : STR("");
}

/* It waits: where, for whom, until when. */
static enum err say_where(struct page *p, struct str id)
{
    struct ctx *ctx = p->ctx;
    struct arena *a = ctx->arena;
    struct waiting w;
    bool found = false;
    struct str url = str_format(a, "/sign/%.*s", FMT(id));
    if (!p->wants_json) {
        return page_go(p, url);
    }
    TRY(waiting_load(p, id, &w, &found));
    struct json o = json_object();
    struct buf b = buf_new(a, 0);
    json_set(a, &o, STR("waits"), json_of_str(id));
    json_set(a, &o, STR("url"), json_of_str(url));
    json_set(a, &o, STR("with"), json_of_str(w.row.signer));
    json_set(a, &o, STR("digest"), json_of_str(w.row.digest));
    json_set(a, &o, STR("until"), json_of_str(instant_text(a, (struct instant){w.row.until_ms})));
    json_write(&b, &o);
    TRY(page_raw(p, 202, STR("application/json"), buf_str(&b), 0));
    p->cache_s = -1;
    p->location = url;
    return ERR_OK;
}

static enum err sent(struct page *p, const struct receipt *receipt)
{
    static const struct text2 many = {
        STR_INIT("您送出等待签名的已经太多，请等同事签名，或者撤回一些。"),
        STR_INIT("Too much that you sent waits for signature; wait for it, or withdraw some.")};
    static const struct text2 other = {
        STR_INIT("这个幂等键已用于另一份内容；请换一个键再提交。"),
        STR_INIT("This idempotency key came before with another draft; use a new key.")};
    const struct str *id = p->own;
    struct wire w = wire_read(p->kept);
    (void)receipt;
    switch ((enum keep_answer)wire_int(&w)) {
    case KEEP_TOO_MANY: return page_problem_as(p, 429, "sign.many", STR("_with"), many);
    case KEEP_OTHER: return page_problem_as(p, 409, "form.key", STR("_key"), other);
    case KEEP_DONE:
    case KEEP_SAME:
    case KEEP_SETTLED: break;
    }
    return say_where(p, *id);
}

enum err waiting_send(struct page *p, struct draft *d, const struct verdict *verdict,
                      const struct json *settled)
{
    struct ctx *ctx = p->ctx;
    struct arena *a = ctx->arena;
    struct instant now = ctx->world->now(ctx->world);
    uint8_t nonce[NONCE_BYTES];
    struct str files = {0};
    struct str fields = {0};
    if (!verdict->admitted) {
        return page_admitted(p, &(struct receipt){.seq = -1, .verdict = *verdict});
    }
    ctx->world->random(ctx->world, nonce, sizeof(nonce));
    d->fields = *settled;
    d->consent = (struct consent){.nonce = hex_encode(a, nonce, sizeof(nonce)), .sent = now};
    TRY(draft_digest(ctx, d, &d->consent.digest));
    TRY(files_text(ctx, d, &files));
    struct buf b = buf_new(a, LIMIT_KEEP_BYTES);
    json_write(&b, &d->fields);
    TRY(buf_done(ctx, &b, &fields));
    struct str *id = ARENA_NEW(a, struct str);
    *id = page_once(p, "waiting"); /* a form that is sent twice is one draft */
    struct case_waiting_add_in row = {.id = *id,
                                      .sender = d->actor.id,
                                      .signer = d->actor.co_id,
                                      .kind = d->kind,
                                      .case_id = d->case_id,
                                      .item = d->item,
                                      .for_id = d->actor.for_id,
                                      .fields = fields,
                                      .files = files,
                                      .digest = d->consent.digest,
                                      .nonce = d->consent.nonce,
                                      .assurance = d->actor.assurance,
                                      .proven_ms = d->actor.proven.ms,
                                      .sent_ms = now.ms,
                                      .until_ms = now.ms + LIMIT_SIGN_WAIT_MS};
    struct keep keep =
        case_keep_send(a, &row, d->attachments, d->attachment_count, page_field(p, "_draft"));
    p->own = id;
    return page_keep(p, &keep, sent);
}

/* ---- going on with what was sent before ---- */

static enum err own_draft(struct page *p, struct str id, struct waiting *ret, bool *ret_found)
{
    struct ctx *ctx = p->ctx;
    *ret_found = false;
    if (id.n == 0) {
        return ERR_OK;
    }
    TRY(waiting_load(p, id, ret, ret_found));
    *ret_found = *ret_found && str_equal(ret->row.sender, p->session.actor.id);
    return ERR_OK;
}

enum err waiting_reopen(struct page *p, struct form_view *f)
{
    struct ctx *ctx = p->ctx;
    struct waiting *w = ARENA_NEW(ctx->arena, struct waiting);
    bool found = false;
    bool posts = p->has_form;
    f->draft = posts ? page_field(p, "_draft") : page_query(p, "draft");
    TRY(own_draft(p, f->draft, w, &found));
    if (!found || !str_equal(w->row.kind, f->kind->kind)) {
        f->draft = STR("");
    } else if (!posts) {
        f->values = &w->fields;
        f->second = w->row.signer;
    }
    return ERR_OK;
}

enum err waiting_files(struct page *p, struct draft *d)
{
    struct ctx *ctx = p->ctx;
    struct waiting w;
    bool found = false;
    TRY(own_draft(p, page_field(p, "_draft"), &w, &found));
    if (!found) {
        return ERR_OK;
    }
    struct attachment *files =
        ARENA_ARRAY(ctx->arena, struct attachment, d->attachment_count + w.file_count + 1);
    for (size_t i = 0; i < d->attachment_count; i++) {
        files[i] = d->attachments[i];
    }
    for (size_t i = 0; i < w.fields.count; i++) {
        const struct json_member *m = &w.fields.members[i];
        struct str sha256_hex = json_text(&m->value, "sha256");
        for (size_t k = 0; k < w.file_count && json_get_str(&d->fields, m->key) == NULL; k++) {
            if (sha256_hex.n > 0 && str_equal(w.files[k].sha256, sha256_hex)) {
                json_set(ctx->arena, &d->fields, m->key, m->value);
                files[d->attachment_count++] = w.files[k];
            }
        }
    }
    d->attachments = files;
    return ERR_OK;
}

/* ---- lists ---- */

enum err waiting_for_me(struct page *p, struct case_waiting_of_signer_row **ret, size_t *ret_count)
{
    return case_waiting_of_signer(
        p->ctx, p->db,
        (struct case_waiting_of_signer_in){.signer = p->session.actor.id,
                                           .now = p->ctx->world->now(p->ctx->world).ms,
                                           .count = LIMIT_PAGE_ROWS},
        ret, ret_count);
}
