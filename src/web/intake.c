/* intake.c - the body of a POST that carries files, taken as it comes: fields to the page, files to
 * the vault.
 *
 * Bytes come from the loop in pieces of a network's size and go through one of two scanners that
 * keep next to nothing (http/form.h for multipart, sieve.h for JSON). What belongs to a file is
 * gathered to LIMIT_PIECE_BYTES, hashed, and handed to the writer; until the writer has it durably,
 * no more is taken, the loop reads no more, and TCP makes the client wait. So a request holds one
 * piece, however large its files are and however slow the disk is.
 *
 * Before the first byte of a file is kept it is known who sends it, that the law lets them come
 * here, that the form is this site's own, which fact it is for, and what that fact takes: the type
 * is read from the bytes, and must be one of the fact's and what the sender calls it.
 *
 * A form that was refused is read to its end and forgotten, when its sender is signed in: browsers
 * show an answer only when they have sent everything. The answer is given then, by intake_end.
 */
#include "base/arena.h"
#include "base/str.h"
#include "base/utf8.h"
#include "base/encode.h"
#include "base/json_make.h"
#include "base/wire.h"
#include "base/world.h"
#include "crypto/crypto.h"
#include "crypto/digest.h"
#include "gate/run.h"
#include "http/form.h"
#include "limit_gen.h"
#include "web/answer.h"
#include "web/sieve.h"
#include "web/web_in.h"

enum { SLACK_BYTES = 4096 }; /* what one step of a scanner may add beyond what it was given */

/* The file at hand. */
struct incoming {
    bool is_there;
    bool is_begun; /* a byte of it came */
    bool is_over;  /* its last byte came; it waits for its last piece to be kept */
    struct str field;
    struct str called; /* its type, as the sender says; empty: not said */
    struct str name;
    struct text2 title; /* of the fact */
    struct str *types;  /* which the fact takes; none: all */
    size_t type_count;
    int64_t most_bytes; /* 0: as many as the body may have */
    int64_t size;
    struct str id;   /* of the upload */
    struct str type; /* what it is */
};

struct intake {
    struct page *page;
    bool is_json;
    struct multipart multipart;
    struct sieve sieve;
    struct buf value; /* the field at hand */
    size_t form_bytes;
    struct incoming file;
    struct digest digest;
    char *bytes; /* the piece at hand, of LIMIT_PIECE_BYTES and some */
    size_t n;
    struct str *fields; /* of the page's files, in their order */
    /* what the writer is asked to keep, and what it said; its own until it resumes the body */
    struct upload_piece piece;
    struct buf payload;
    bool was_asked;
    enum err kept;
    char kept_field[32];
    char kept_detail[256];
    /* the first thing that was wrong */
    bool is_refused;
    enum err err;
    struct why why;
    int status; /* with problem and sentence; else err and why */
    const char *problem;
    struct text2 sentence;
    struct str at_field;
};

/* ---- refusing ---- */

static void refuse_err(struct intake *k, enum err e)
{
    if (!k->is_refused) {
        k->is_refused = true;
        k->err = e;
        k->why = k->page->ctx->why;
    }
}

static void refuse_as(struct intake *k, int status, const char *problem, struct text2 sentence)
{
    if (!k->is_refused) {
        k->is_refused = true;
        k->status = status;
        k->problem = problem;
        k->sentence = sentence;
        k->at_field = k->file.field;
    }
}

/* "PDF, JPEG" of the types a fact takes. */
static struct str types_text(struct intake *k)
{
    struct buf b = buf_new(k->page->ctx->arena, 0);
    for (size_t i = 0; i < k->file.type_count; i++) {
        buf_format(&b, i == 0 ? "%.*s" : ", %.*s", FMT(k->file.types[i]));
    }
    return buf_str(&b);
}

static void refuse_type(struct intake *k)
{
    struct arena *a = k->page->ctx->arena;
    struct str types = types_text(k);
    struct str type = k->file.type;
    refuse_as(k, 422, "form.file",
              (struct text2){str_format(a, "%.*s：只接受 %.*s；这个文件是 %.*s。",
                                        FMT(k->file.title.zh), FMT(types), FMT(type)),
                             str_format(a, "%.*s: %.*s are taken; this file is %.*s.",
                                        FMT(k->file.title.en), FMT(types), FMT(type))});
}

static void refuse_called(struct intake *k, struct str called)
{
    struct arena *a = k->page->ctx->arena;
    struct str type = k->file.type;
    refuse_as(k, 422, "form.file",
              (struct text2){str_format(a, "%.*s：文件名或者声明的类型是 %.*s，内容却是 %.*s。",
                                        FMT(k->file.title.zh), FMT(called), FMT(type)),
                             str_format(a, "%.*s: the file is called %.*s, and is %.*s.",
                                        FMT(k->file.title.en), FMT(called), FMT(type))});
}

static void refuse_size(struct intake *k)
{
    struct arena *a = k->page->ctx->arena;
    long long most = (long long)k->file.most_bytes;
    refuse_as(
        k, 413, "form.file",
        (struct text2){str_format(a, "%.*s：文件最大 %lld 字节。", FMT(k->file.title.zh), most),
                       str_format(a, "%.*s: a file of at most %lld bytes is taken.",
                                  FMT(k->file.title.en), most)});
}

/* ---- one file ---- */

/* What the fact of this name takes, by the law now; whoever may not come here is refused. The law
 * is asked for each file: it may have changed since the body began. */
static enum err ask_law(struct intake *k, bool *ret_may, bool *ret_fits)
{
    struct page *p = k->page;
    struct ctx *ctx = p->ctx;
    struct incoming *f = &k->file;
    struct upload_left left;
    *ret_fits = false;
    TRY(gate_law(ctx, p->gate, p->db, &p->law));
    TRY(access_load(p, ret_may));
    TRY(upload_left_of(ctx, p->db, p->session.actor.id, &left));
    const struct fact *fact = p->law == NULL ? NULL : law_fact(p->law, f->field);
    if (left.files < 1 || left.bytes < 1) {
        ctx->why.field = STR("files");
        return fault(ctx, ERR_TOO_MANY,
                     "no more files are taken from one person on this day: %lld files and %lld "
                     "bytes are left",
                     (long long)left.files, (long long)left.bytes);
    }
    if (fact == NULL || fact->type != FACT_MATERIAL) {
        return ERR_OK;
    }
    *ret_fits = true;
    f->title = (struct text2){
        str_copy(ctx->arena, fact->title.zh),
        str_copy(ctx->arena, fact->title.en.n > 0 ? fact->title.en : fact->title.zh)};
    f->most_bytes = fact->material_max_bytes;
    f->types = ARENA_ARRAY(ctx->arena, struct str, fact->material_type_count + 1);
    f->type_count = fact->material_type_count;
    for (size_t i = 0; i < f->type_count; i++) {
        f->types[i] = str_copy(ctx->arena, fact->material_types[i]);
    }
    return ERR_OK;
}

static bool came_before(const struct intake *k, struct str field)
{
    for (size_t i = 0; i < k->page->file_count; i++) {
        if (str_equal(k->fields[i], field)) {
            return true;
        }
    }
    return false;
}

/* A file that did not come to its end has a digest that was not asked for. */
static void drop_digest(void *arg)
{
    struct intake *k = arg;
    uint8_t unread[32];
    if (k->digest.context != NULL) {
        digest_end(&k->digest, unread);
    }
}

static enum err make_room(struct intake *k)
{
    struct ctx *ctx = k->page->ctx;
    if (k->bytes == NULL) {
        arena_defer(ctx->arena, drop_digest, k);
        k->payload = buf_new(ctx->arena, LIMIT_KEEP_BYTES);
        k->bytes = arena_push_bytes(ctx->arena, LIMIT_PIECE_BYTES + SLACK_BYTES);
    }
    return digest_begin(ctx, &k->digest);
}

/* The first byte of a file is there. */
static enum err begin_file(struct intake *k)
{
    static const struct text2 no_field = {STR_INIT("这里没有接受附件的栏目。"),
                                          STR_INIT("No field of this name takes a file.")};
    static const struct text2 twice = {STR_INIT("同一栏目只能提交一个文件。"),
                                       STR_INIT("A field takes one file.")};
    struct page *p = k->page;
    struct ctx *ctx = p->ctx;
    struct incoming *f = &k->file;
    bool may = false;
    bool fits = false;
    f->is_begun = true;
    if (!page_is_from_here(p)) {
        ctx->why.field = STR("_token");
        return fault(ctx, ERR_FORBIDDEN, "the form's token must come before its files");
    }
    TRY(reader_get(p));
    enum err e = ask_law(k, &may, &fits);
    page_forget_law(p);
    if (e != ERR_OK || !may) {
        return e != ERR_OK ? e : fault(ctx, ERR_FORBIDDEN, "your role may not send this");
    }
    if (!fits || came_before(k, f->field) || p->file_count == LIMIT_HTTP_MULTIPART_PARTS) {
        refuse_as(k, 422, "form.file", fits ? twice : no_field);
        return ERR_OK;
    }
    uint8_t id[16];
    ctx->world->random(ctx->world, id, sizeof(id));
    f->id = hex_encode(ctx->arena, id, sizeof(id));
    k->piece = (struct upload_piece){.upload = f->id, .owner = p->session.actor.id, .index = 0};
    k->n = 0;
    return make_room(k);
}

static enum err add_bytes(struct intake *k, struct str bytes)
{
    struct incoming *f = &k->file;
    struct ctx *ctx = k->page->ctx;
    if (!f->is_begun) {
        TRY(begin_file(k));
    }
    if (k->is_refused || bytes.n == 0) {
        return ERR_OK;
    }
    must(k->n + bytes.n <= LIMIT_PIECE_BYTES + SLACK_BYTES);
    memcpy(k->bytes + k->n, bytes.p, bytes.n);
    k->n += bytes.n;
    f->size += (int64_t)bytes.n;
    digest_add(&k->digest, bytes);
    if (f->most_bytes > 0 && f->size > f->most_bytes) {
        refuse_size(k);
    }
    return ERR_OK;
}

/* The type a fact takes that these bytes may be: some text is only told apart by its name, and a
 * document in a container only by what is in it. */
static bool is_of(struct str type, struct str wanted)
{
    bool is_text = str_equal(type, STR("text/plain")) && str_starts(wanted, STR("text/"));
    bool is_packed = str_equal(type, STR("application/zip")) &&
                     str_starts(wanted, STR("application/vnd.openxmlformats-"));
    return str_equal(type, wanted) || is_text || is_packed;
}

static bool find_type(struct incoming *f)
{
    for (size_t i = 0; i < f->type_count; i++) {
        if (is_of(f->type, f->types[i])) {
            f->type = f->types[i];
            return true;
        }
    }
    return f->type_count == 0;
}

/* What it is, before its first piece is kept. */
static void look_at_type(struct intake *k)
{
    struct incoming *f = &k->file;
    if (f->type.n > 0) {
        return;
    }
    f->type = file_type_of((struct str){k->bytes, k->n});
    struct str by_name = file_type_by_name(f->name);
    if (!find_type(f)) {
        refuse_type(k);
    } else if (!file_is_called(f->type, f->called)) {
        refuse_called(k, f->called);
    } else if (!file_is_called(f->type, by_name)) {
        refuse_called(k, by_name);
    }
}

static struct json file_json(struct arena *a, const struct attachment *f, int64_t size)
{
    struct json o = json_object();
    json_set(a, &o, STR("name"), json_of_str(f->name));
    json_set(a, &o, STR("type"), json_of_str(f->type));
    json_set(a, &o, STR("size"), json_of_int(size));
    json_set(a, &o, STR("sha256"), json_of_str(f->sha256));
    return o;
}

/* Its last piece is kept: the page has it. */
static void finish_file(struct intake *k)
{
    struct page *p = k->page;
    struct incoming *f = &k->file;
    struct attachment *file = &p->files[p->file_count];
    *file = (struct attachment){
        .sha256 = k->piece.sha256, .type = f->type, .name = f->name, .upload = f->id};
    k->fields[p->file_count++] = f->field;
    json_set(p->ctx->arena, &p->form, f->field, file_json(p->ctx->arena, file, f->size));
    k->file = (struct incoming){0};
}

/* ---- pieces to the writer ---- */

static enum err apply_piece(struct ctx *ctx, struct db *db, struct str payload,
                            const struct keep_act *act, struct buf *answer)
{
    struct wire w = wire_read(payload);
    struct upload_piece p = {.index = wire_int(&w)};
    (void)act;
    (void)answer;
    p.upload = wire_text(&w);
    p.owner = wire_text(&w);
    p.is_last = wire_int(&w) != 0;
    p.sha256 = wire_text(&w);
    p.type = wire_text(&w);
    p.name = wire_text(&w);
    p.bytes = wire_text(&w);
    TRY(wire_done(ctx, &w));
    return upload_keep(ctx, db, &p);
}
const struct keep_op web_keep_piece = {"web.keep-piece", apply_piece};

/* The buffer is used for one piece after the other. */
static enum err piece_payload(struct intake *k, struct str *ret)
{
    const struct upload_piece *p = &k->piece;
    buf_clear(&k->payload);
    wire_put_int(&k->payload, p->index);
    wire_put_text(&k->payload, p->upload);
    wire_put_text(&k->payload, p->owner);
    wire_put_int(&k->payload, p->is_last);
    wire_put_text(&k->payload, p->sha256);
    wire_put_text(&k->payload, p->type);
    wire_put_text(&k->payload, p->name);
    wire_put_text(&k->payload, p->bytes);
    return buf_done(k->page->ctx, &k->payload, ret);
}

static void note(char *room, size_t size, struct str s)
{
    size_t n = s.n < size ? s.n : size - 1;
    if (n > 0) {
        memcpy(room, s.p, n);
    }
    room[n] = 0;
}

/* On the writer's thread, which may not push on the page's arena. */
static void piece_kept(void *arg, enum err err, const struct why *why,
                       const struct receipt *receipt)
{
    struct intake *k = arg;
    (void)receipt;
    k->kept = err;
    note(k->kept_field, sizeof(k->kept_field), why == NULL ? STR("") : why->field);
    note(k->kept_detail, sizeof(k->kept_detail), why == NULL ? STR("") : why->detail);
    http_body_resume(k->page->exchange);
}

/* Ask for the piece at hand to be kept. False: nobody was asked, and the file is refused. */
static bool ask_writer(struct intake *k)
{
    struct ctx *ctx = k->page->ctx;
    struct incoming *f = &k->file;
    look_at_type(k);
    if (k->is_refused) {
        return false;
    }
    k->piece.bytes = (struct str){k->bytes, k->n};
    k->piece.is_last = f->is_over;
    if (f->is_over) {
        uint8_t hash[32];
        digest_end(&k->digest, hash);
        k->piece.sha256 = hex_encode(ctx->arena, hash, sizeof(hash));
        k->piece.type = f->type;
        k->piece.name = f->name;
    }
    struct keep keep = {.op = &web_keep_piece};
    enum err e = piece_payload(k, &keep.payload);
    k->was_asked = true;
    e = e == ERR_OK ? gate_keep(ctx, k->page->gate, &keep, piece_kept, k) : e;
    if (e != ERR_OK) {
        k->was_asked = false;
        refuse_err(k, e);
    }
    return e == ERR_OK;
}

/* The writer has answered. */
static void hear_writer(struct intake *k)
{
    struct ctx *ctx = k->page->ctx;
    k->was_asked = false;
    if (k->kept != ERR_OK) {
        fault(ctx, k->kept, "%s", k->kept_detail);
        ctx->why.field = str_from(k->kept_field);
        refuse_err(k, k->kept);
        return;
    }
    k->piece.index++;
    k->n = 0;
    if (k->file.is_over) {
        finish_file(k);
    }
}

/* ---- the scanners ---- */

static enum err count_form(struct intake *k, size_t n)
{
    struct ctx *ctx = k->page->ctx;
    k->form_bytes += n;
    return k->form_bytes <= LIMIT_HTTP_BODY_BYTES
               ? ERR_OK
               : fault(ctx, ERR_TOO_LARGE,
                       "the fields of a form beside its files are at most %d "
                       "bytes",
                       LIMIT_HTTP_BODY_BYTES);
}

/* A file input left empty has no bytes, and is as if it were not there. */
static void end_file(struct intake *k)
{
    if (k->file.is_begun) {
        k->file.is_over = true;
    } else {
        k->file = (struct incoming){0};
    }
}

static enum err end_value(struct intake *k)
{
    struct ctx *ctx = k->page->ctx;
    struct str value = {0};
    TRY(buf_done(ctx, &k->value, &value));
    if (!utf8_is_valid(value)) {
        return fault(ctx, ERR_UTF8, "the field %.*s is not UTF-8", FMT(k->multipart.part.name));
    }
    page_add_field(k->page, k->multipart.part.name, value);
    return ERR_OK;
}

static enum err step_multipart(struct intake *k, struct str bytes, size_t *ret_used)
{
    struct ctx *ctx = k->page->ctx;
    const struct http_part *part = &k->multipart.part;
    enum multipart_event event = MULTIPART_MORE;
    TRY(multipart_next(ctx, &k->multipart, bytes, ret_used, &event));
    switch (event) {
    case MULTIPART_MORE: return ERR_OK;
    case MULTIPART_PART:
        k->file = (struct incoming){.is_there = part->is_file,
                                    .field = part->name,
                                    .called = part->type,
                                    .name = part->file_name};
        k->value = buf_new(ctx->arena, LIMIT_HTTP_BODY_BYTES);
        return count_form(k, part->name.n);
    case MULTIPART_BYTES:
        if (part->is_file) {
            return add_bytes(k, k->multipart.bytes);
        }
        buf_put(&k->value, k->multipart.bytes);
        return count_form(k, k->multipart.bytes.n);
    case MULTIPART_PART_END:
        if (!part->is_file) {
            return end_value(k);
        }
        end_file(k);
        return ERR_OK;
    }
    return ERR_OK;
}

static enum err step_json(struct intake *k, struct str bytes, size_t *ret_used)
{
    struct ctx *ctx = k->page->ctx;
    enum sieve_event event = SIEVE_MORE;
    TRY(sieve_next(ctx, &k->sieve, bytes, ret_used, &event));
    switch (event) {
    case SIEVE_MORE: return ERR_OK;
    case SIEVE_FILE:
        k->file = (struct incoming){.is_there = true, .field = k->sieve.field};
        return ERR_OK;
    case SIEVE_BYTES: return add_bytes(k, k->sieve.bytes);
    case SIEVE_FILE_END: end_file(k); return ERR_OK;
    }
    return ERR_OK;
}

bool intake_take(void *web, struct http_exchange *x, struct str bytes, size_t *ret_taken)
{
    struct page *p = x->own;
    struct intake *k = p->intake;
    size_t at = 0;
    (void)web;
    if (k->was_asked) {
        hear_writer(k);
    }
    while (!k->is_refused) {
        bool is_full = k->n >= LIMIT_PIECE_BYTES || k->file.is_over;
        if (is_full && ask_writer(k)) {
            *ret_taken = at;
            return false;
        }
        if (at == bytes.n || k->is_refused) {
            break;
        }
        size_t used = 0;
        size_t room = LIMIT_PIECE_BYTES - k->n;
        struct str next = str_slice(bytes, at, at + (room < bytes.n - at ? room : bytes.n - at));
        enum err e = k->is_json ? step_json(k, next, &used) : step_multipart(k, next, &used);
        at += used;
        if (e != ERR_OK) {
            refuse_err(k, e);
        }
    }
    return true;
}

enum err intake_begin(struct page *p, struct http_intake *ret)
{
    struct ctx *ctx = p->ctx;
    struct str type = http_header(&p->exchange->request, "content-type");
    bool is_json = str_starts(type, STR("application/json"));
    if (!is_json && !str_starts(type, STR("multipart/form-data"))) {
        return ERR_OK; /* a form without files */
    }
    struct intake *k = ARENA_NEW(ctx->arena, struct intake);
    k->page = p;
    k->is_json = is_json;
    k->fields = ARENA_ARRAY(ctx->arena, struct str, LIMIT_HTTP_MULTIPART_PARTS);
    if (is_json) {
        sieve_open(&k->sieve, ctx->arena);
    } else {
        TRY(multipart_open(ctx, &p->exchange->request, &k->multipart));
    }
    p->files = ARENA_ARRAY(ctx->arena, struct attachment, LIMIT_HTTP_MULTIPART_PARTS);
    p->form = json_object();
    p->has_form = true;
    p->intake = k;
    ret->take = intake_take;
    ret->max_bytes = p->route->body_max_bytes;
    return ERR_OK;
}

/* ---- the end ---- */

/* The file that stands in this member, as it was kept; its name and type come with the text. */
static enum err put_file(struct intake *k, const struct json_member *m, struct json *form)
{
    struct page *p = k->page;
    struct ctx *ctx = p->ctx;
    size_t i = 0;
    const struct json *kept = json_get_str(form, m->key);
    if (json_get(&m->value, "base64")->kind != JSON_STRING) {
        ctx->why.field = m->key;
        return fault(ctx, ERR_SYNTAX, "the file of %.*s is not base64 with padding (RFC 4648)",
                     FMT(m->key));
    }
    while (i < p->file_count && !str_equal(k->fields[i], m->key)) {
        i++;
    }
    if (i == p->file_count || kept == NULL) {
        return ERR_OK; /* without a byte: the law says what is missing */
    }
    struct attachment *f = &p->files[i];
    f->name = json_text(&m->value, "name");
    k->file = (struct incoming){.field = m->key, .type = f->type, .title = {m->key, m->key}};
    struct str called = json_text(&m->value, "type");
    struct str by_name = file_type_by_name(f->name);
    if (!file_is_called(f->type, called) || !file_is_called(f->type, by_name)) {
        refuse_called(k, file_is_called(f->type, called) ? by_name : called);
    }
    json_set(ctx->arena, &p->form, m->key, file_json(ctx->arena, f, json_int(kept, "size", 0)));
    return ERR_OK;
}

static enum err end_json(struct intake *k)
{
    struct page *p = k->page;
    struct ctx *ctx = p->ctx;
    struct json files = p->form;
    struct str text = {0};
    TRY(buf_done(ctx, &k->sieve.text, &text));
    TRY(page_parse_json(ctx, text, &p->form));
    if (p->form.kind != JSON_OBJECT) {
        p->form = json_object();
        return fault(ctx, ERR_TYPE, "the body must be one JSON object of fields");
    }
    for (size_t i = 0; i < p->form.count; i++) {
        if (json_get(&p->form.members[i].value, "base64") != NULL) {
            TRY(put_file(k, &p->form.members[i], &files));
        }
    }
    return ERR_OK;
}

enum err intake_end(struct page *p, bool *ret_answered)
{
    struct intake *k = p->intake;
    struct ctx *ctx = p->ctx;
    enum err e = ERR_OK;
    *ret_answered = true;
    if (!k->is_refused) {
        e = k->is_json ? end_json(k) : multipart_close(ctx, &k->multipart);
    }
    if (e != ERR_OK) {
        refuse_err(k, e);
    }
    if (!k->is_refused) {
        *ret_answered = false;
        return ERR_OK;
    }
    if (k->problem != NULL) {
        return page_problem_as(p, k->status, k->problem, k->at_field, k->sentence);
    }
    ctx->why = k->why;
    return page_fault_told(p, k->err, &k->why);
}
