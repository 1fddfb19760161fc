/* What two officers sign: the list of what waits, one draft whole, and the answers to it.
 *
 * The second sees what would enter, every field and file, with the articles of the act, and signs
 * its digest in a session of their own: that submits the draft through the gate, with both. What
 * the gate refuses then stays with its reason, for both to see, and for the first to go on with. */
#include "base/day.h"
#include "base/json_make.h"
#include "base/world.h"
#include "case/case_in.h"
#include "limit_gen.h"
#include "login/login.h"
#include "vault/file.h"
#include "vault/upload.h"
#include "web/answer.h"
#include "web/qr.h"
#include "web/submit.h"
#include "web/use.h"

#include "page_sign_html.h"
#include "page_signs_html.h"

enum { REASON_CHARS = 500, ASSURANCE_PASSKEY = 3 };

/* "2026-03-02 17:05", by official time. */
static struct str when_text(struct page *p, int64_t ms)
{
    struct day day = instant_day((struct instant){ms});
    int minutes = (int)((ms - day_start(day).ms) / 60000);
    return str_format(p->ctx->arena, "%.*s %02d:%02d", FMT(day_text(p->ctx->arena, day)),
                      minutes / 60, minutes % 60);
}

/* ---- the list ---- */

struct state_words {
    const char *state;
    const char *zh;
    const char *en;
    const char *class;
};
static const struct state_words states[] = {
    {"waits", "等待签名", "Waits for signature", "brand-c"},
    {"over", "已到期，没有签名", "Over, not signed", "amber"},
    {"signed", "已签名，已记入账本", "Signed, and in the ledger", "ok"},
    {"declined", "同事没有签名", "Declined", "amber"},
    {"refused", "法律不允许，没有记入", "Refused by law, not entered", "seal-c"},
    {"withdrawn", "已撤回", "Withdrawn", ""}};

static const struct state_words *words_of(struct str state, bool is_over)
{
    for (size_t i = 0; i < LEN(states); i++) {
        if (str_equal(str_from(states[i].state), is_over ? STR("over") : state)) {
            return &states[i];
        }
    }
    return &states[0];
}

/* Nobody waits for it. */
static void swept(void *arg, enum err err, const struct why *why, const struct receipt *receipt)
{
    (void)arg;
    (void)err;
    (void)why;
    (void)receipt;
}

static enum err sweep_old(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct case_waiting_old_row *old = NULL;
    size_t count = 0;
    int64_t before = ctx->world->now(ctx->world).ms - LIMIT_SIGN_KEPT_MS;
    TRY(case_waiting_old(ctx, p->db, (struct case_waiting_old_in){.before = before, .count = 1},
                         &old, &count));
    if (count > 0) {
        struct keep keep = case_keep_sweep(ctx->arena);
        enum err e = gate_keep(ctx, p->gate, &keep, swept, NULL);
        return e == ERR_BUSY ? ERR_OK : e; /* the next look asks again */
    }
    return ERR_OK;
}

static enum err case_page_signs(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct case_waiting_of_signer_row *mine = NULL;
    struct case_waiting_of_sender_row *sent = NULL;
    size_t count = 0;
    size_t sent_count = 0;
    int64_t now = ctx->world->now(ctx->world).ms;
    TRY(sweep_old(p));
    TRY(waiting_for_me(p, &mine, &count));
    TRY(case_waiting_of_sender(
        ctx, p->db,
        (struct case_waiting_of_sender_in){.sender = p->session.actor.id, .count = LIMIT_PAGE_ROWS},
        &sent, &sent_count));
    struct page_signs v = {.count = (int64_t)count};
    struct page_signs_mine *rows = ARENA_ARRAY(ctx->arena, struct page_signs_mine, count + 1);
    struct page_signs_sent *own = ARENA_ARRAY(ctx->arena, struct page_signs_sent, sent_count + 1);
    for (size_t i = 0; i < count; i++) {
        rows[i] =
            (struct page_signs_mine){.id = mine[i].id,
                                     .title = waiting_title(p, p->law, mine[i].kind, mine[i].item),
                                     .case_id = mine[i].case_id,
                                     .until = when_text(p, mine[i].until_ms)};
        TRY(party_name(ctx, p->db, mine[i].sender, &rows[i].who));
    }
    for (size_t i = 0; i < sent_count; i++) {
        bool over = str_equal(sent[i].state, STR("waits")) && sent[i].until_ms <= now;
        const struct state_words *w = words_of(sent[i].state, over);
        own[i] =
            (struct page_signs_sent){.id = sent[i].id,
                                     .title = waiting_title(p, p->law, sent[i].kind, sent[i].item),
                                     .case_id = sent[i].case_id,
                                     .code = str_from(w->state),
                                     .class = str_from(w->class),
                                     .state = say(p, w->zh, w->en)};
        TRY(party_name(ctx, p->db, sent[i].signer, &own[i].who));
    }
    v.mine = rows;
    v.mine_count = count;
    v.sent = own;
    v.sent_count = sent_count;
    return page_show(p, 200, say(p, "共同签名", "Signing together"), page_signs, &v);
}

/* ---- one of them ---- */

/* A draft with what is needed to show it: nothing of one whose case its reader may not see. */
struct shown {
    struct waiting w;
    const struct law *law; /* its case is judged by; NULL before any is published */
    struct str party;
    struct str item;
    bool whole; /* every fact of it is of a class that the reader may see */
};

/* *ret_found is false when the page is answered: there is none, or none for who is signed in. */
static enum err open_one(struct page *p, struct shown *ret, bool *ret_found)
{
    struct ctx *ctx = p->ctx;
    struct text2 none = {{0}, {0}};
    struct case_state c;
    struct sight sight;
    *ret = (struct shown){.law = p->law};
    TRY(waiting_load(p, p->args[0], &ret->w, ret_found));
    const struct case_waiting_get_row *row = &ret->w.row;
    if (*ret_found && row->case_id.n > 0) {
        TRY(sight_load(p, row->case_id, &c, &sight, ret_found));
        if (!*ret_found) {
            return ERR_OK;
        }
        ret->law = c.law;
        ret->party = c.party;
        ret->item = c.item;
    } else if (*ret_found) {
        ret->party = row->for_id;
        ret->item = row->item;
        page_use(p, row->for_id, STR(""), ACCESS_OFFICE);
    }
    unsigned classes = page_classes(p, ACCESS_OFFICE);
    if (!*ret_found || classes == 0) {
        *ret_found = false;
        return page_problem(p, ERR_NOT_FOUND, STR(""), none);
    }
    ret->whole = true;
    for (size_t i = 0; i < ret->w.fields.count; i++) {
        const struct fact *fact =
            ret->law == NULL ? NULL : law_fact(ret->law, ret->w.fields.members[i].key);
        ret->whole = ret->whole && fact != NULL && (classes & 1u << fact->class) != 0;
    }
    return ERR_OK;
}

static void fill_facts(struct page *p, const struct shown *s, struct page_sign *v)
{
    const struct json *fields = &s->w.fields;
    unsigned classes = page_classes(p, ACCESS_OFFICE);
    struct page_sign_facts *rows =
        ARENA_ARRAY(p->ctx->arena, struct page_sign_facts, fields->count + 1);
    for (size_t i = 0; i < fields->count; i++) {
        const struct json_member *m = &fields->members[i];
        const struct fact *fact = s->law == NULL ? NULL : law_fact(s->law, m->key);
        struct str sha256 = json_text(&m->value, "sha256");
        if (fact == NULL || (classes & 1u << fact->class) == 0) {
            continue;
        }
        struct page_sign_facts *row = &rows[v->facts_count++];
        *row = (struct page_sign_facts){.id = m->key,
                                        .title = page_text(p, fact->title),
                                        .value = shown_value(p, s->law, m->key, &m->value)};
        if (sha256.n > 0) {
            row->url =
                str_format(p->ctx->arena, "/sign/%.*s/file/%.*s", FMT(s->w.row.id), FMT(sha256));
        }
    }
    v->facts = rows;
}

static void fill_articles(struct page *p, const struct act_kind *kind, struct page_sign *v)
{
    size_t count = kind == NULL ? 0 : kind->article_count;
    struct page_sign_articles *rows =
        ARENA_ARRAY(p->ctx->arena, struct page_sign_articles, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct cite *c = &kind->articles[i];
        rows[i] = (struct page_sign_articles){
            .cite = page_cite(p, c), .article = c->text, .text = page_text(p, c->article->text)};
    }
    v->articles = rows;
    v->articles_count = count;
}

/* What was answered: a reason, or the refusal of the gate. */
static enum err fill_why(struct page *p, const struct waiting *w, struct page_sign *v)
{
    struct ctx *ctx = p->ctx;
    struct json o;
    if (!str_equal(w->row.state, STR("refused"))) {
        v->why = w->row.why;
        return ERR_OK;
    }
    TRY(json_parse(ctx, w->row.why, STR("why"), &o));
    v->why = json_text(&o, p->lang == LANG_EN ? "en" : "zh");
    v->why_code = json_text(&o, "code");
    v->why_article = json_text(&o, "article");
    return ERR_OK;
}

/* Where the first goes on with it: the form, with what was sent. */
static struct str again_url(struct page *p, const struct waiting *w)
{
    const struct case_waiting_get_row *r = &w->row;
    return r->case_id.n > 0 ? str_format(p->ctx->arena, "/case/%.*s/act/%.*s?draft=%.*s",
                                         FMT(r->case_id), FMT(r->kind), FMT(r->id))
                            : str_format(p->ctx->arena, "/apply/%.*s?act=%.*s&for=%.*s&draft=%.*s",
                                         FMT(r->item), FMT(r->kind), FMT(r->for_id), FMT(r->id));
}

static enum err show_one(struct page *p, const struct shown *s)
{
    struct ctx *ctx = p->ctx;
    const struct case_waiting_get_row *row = &s->w.row;
    bool sender = str_equal(row->sender, p->session.actor.id);
    bool waits = str_equal(row->state, STR("waits")) && !s->w.is_over;
    const struct state_words *w = words_of(row->state, s->w.is_over);
    struct page_sign v = {.id = row->id,
                          .title = waiting_title(p, s->law, row->kind, s->item),
                          .code = str_from(w->state),
                          .class = str_from(w->class),
                          .state = say(p, w->zh, w->en),
                          .case_id = row->case_id,
                          .sent = when_text(p, row->sent_ms),
                          .until = when_text(p, row->until_ms),
                          .digest = row->digest,
                          .can_sign = !sender && waits && s->whole,
                          .not_whole = !sender && waits && !s->whole,
                          .sender_waits = sender && waits,
                          .can_withdraw = sender && !str_equal(row->state, STR("signed")) &&
                                          !str_equal(row->state, STR("withdrawn")),
                          .done = str_equal(row->state, STR("signed")),
                          .seq = row->seq};
    const struct act_kind *kind = s->law == NULL ? NULL : law_act(s->law, row->kind);
    if (v.can_withdraw) {
        v.again = again_url(p, &s->w);
    }
    if (v.sender_waits) {
        v.address =
            str_format(p->ctx->arena, "%.*s/sign/%.*s", FMT(login_address(p)), FMT(row->id));
        struct qr_drawing qr = qr_draw(p->ctx->arena, v.address);
        v.qr = qr.box;
        v.qr_path = qr.path;
        v.can_here = login_takes_passkeys(p);
    }
    TRY(party_name(ctx, p->db, row->sender, &v.sender));
    TRY(party_name(ctx, p->db, row->signer, &v.signer));
    if (s->party.n > 0 && (page_classes(p, ACCESS_OFFICE) & 1u << CLASS_PERSONAL) != 0) {
        TRY(party_name(ctx, p->db, s->party, &v.party));
    }
    fill_facts(p, s, &v);
    fill_articles(p, kind, &v);
    TRY(fill_why(p, &s->w, &v));
    return page_show(p, 200, v.title, page_sign, &v);
}

static enum err case_page_sign(struct page *p)
{
    struct shown s;
    struct ctx *ctx = p->ctx;
    bool found = false;
    TRY(open_one(p, &s, &found));
    return found ? show_one(p, &s) : ERR_OK;
}

/* A file of the draft: it lies in its upload until an act claims it. */
static enum err case_sign_file(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct text2 none = {{0}, {0}};
    struct shown s;
    struct attachment file;
    int64_t size = 0;
    bool found = false;
    TRY(open_one(p, &s, &found));
    if (!found) {
        return ERR_OK;
    }
    found = false;
    for (size_t i = 0; s.whole && i < s.w.file_count && !found; i++) {
        if (str_equal(s.w.files[i].sha256, p->args[1])) {
            TRY(upload_find(ctx, p->db, s.w.files[i].upload, s.w.row.sender, &file, &size, &found));
        }
    }
    if (!found) {
        return page_problem(p, ERR_NOT_FOUND, STR(""), none);
    }
    struct vault_file whole = {.sha256 = file.sha256,
                               .type = file.type,
                               .name = file.name,
                               .size = size,
                               .pieces = file.upload};
    return page_file(p, &whole, file.name, file.type);
}

/* ---- answers ---- */

static const struct text2 settled = {
    STR_INIT("这份待签名的内容已经签过名、已经处理，或者已经到期。"),
    STR_INIT("What waited for this signature was signed or settled before, or is over.")};

/* The draft as it stands now, to a program; its page, to a browser. */
static enum err show_now(struct page *p)
{
    return p->wants_json ? case_page_sign(p)
                         : page_go(p, str_format(p->ctx->arena, "/sign/%.*s", FMT(p->args[0])));
}

static enum err ended(struct page *p, const struct receipt *receipt)
{
    struct wire w = wire_read(p->kept);
    (void)receipt;
    return wire_int(&w) == KEEP_DONE ? show_now(p)
                                     : page_problem_as(p, 409, "sign.done", STR(""), settled);
}

/* The refusal is noted with the draft, where it still waited; its signer is told it now. */
static enum err refused(struct page *p, const struct receipt *receipt)
{
    (void)receipt;
    return page_admitted(p, p->own);
}

static enum err signed_or_not(struct page *p, const struct receipt *r)
{
    struct arena *a = p->ctx->arena;
    const struct verdict *v = &r->verdict;
    struct str signer = *(const struct str *)p->own;
    bool proof =
        str_equal(v->code, STR("identity.weak")) || str_equal(v->code, STR("identity.stale"));
    if (r->seq >= 0 || proof) { /* a better proof of who signs, and the draft still waits */
        return page_admitted(p, r);
    }
    struct json o = json_object();
    struct buf b = buf_new(a, 0);
    json_set(a, &o, STR("code"), json_of_str(v->code));
    json_set(a, &o, STR("zh"), json_of_str(v->sentence.zh));
    json_set(a, &o, STR("en"), json_of_str(v->sentence.en));
    json_set(a, &o, STR("article"), json_of_str(v->article.text));
    json_write(&b, &o);
    struct receipt *kept = ARENA_NEW(a, struct receipt);
    *kept = *r;
    p->own = kept;
    struct keep keep = case_keep_end(a, p->args[0], signer, "refused", buf_str(&b));
    return page_keep(p, &keep, refused);
}

/* May it be signed, as the page that is shown says? Else the page is answered. */
static enum err may_be_signed(struct page *p, const struct shown *s, bool *ret)
{
    static const struct text2 changed = {
        STR_INIT("要签名的内容与您看到的不一致，请重新打开核对。"),
        STR_INIT("What is to be signed is not what you were shown; open it again.")};
    static const struct text2 hidden = {
        STR_INIT("其中有您的岗位不能查看的内容，不能签名。"),
        STR_INIT("Some of it may not be seen in your role, so you cannot sign it.")};
    const struct case_waiting_get_row *row = &s->w.row;
    *ret = false;
    if (!str_equal(row->state, STR("waits")) || s->w.is_over) {
        return page_problem_as(p, 409, "sign.done", STR(""), settled);
    }
    if (!s->whole) {
        return page_problem_as(p, 403, "sign.hidden", STR(""), hidden);
    }
    if (!str_equal(page_field(p, "digest"), row->digest)) {
        return page_problem_as(p, 409, "sign.changed", STR("digest"), changed);
    }
    *ret = true;
    return ERR_OK;
}

/* To the gate, with both: the second signed in to this degree, at this time. */
static enum err submit_signed(struct page *p, const struct shown *s, int assurance,
                              struct instant proven)
{
    const struct case_waiting_get_row *row = &s->w.row;
    struct draft draft = waiting_draft(p, &s->w, assurance, proven);
    struct keep keep = case_keep_sign(p->ctx->arena, row->id, row->signer, row->digest);
    struct str *signer = ARENA_NEW(p->ctx->arena, struct str);
    *signer = row->signer;
    p->own = signer;
    return page_submit_with(p, &draft, &keep, signed_or_not);
}

static enum err case_post_sign(struct page *p)
{
    static const struct text2 own = {
        STR_INIT("这是您自己送出的，要由另一名工作人员签名。"),
        STR_INIT("You sent this yourself; the other officer must sign it.")};
    struct ctx *ctx = p->ctx;
    struct shown s;
    bool found = false;
    bool may = false;
    TRY(open_one(p, &s, &found));
    if (!found) {
        return ERR_OK;
    }
    if (!str_equal(s.w.row.signer, p->session.actor.id)) {
        return page_problem_as(p, 403, "sign.own", STR(""), own);
    }
    TRY(may_be_signed(p, &s, &may));
    return may ? submit_signed(p, &s, p->session.actor.assurance, p->session.actor.proven) : ERR_OK;
}

/* ---- signing at the first's browser ---- */

/* The draft of who is signed in, that another may sign here; found is false when the page is
 * answered. */
static enum err open_own(struct page *p, struct shown *ret, bool *ret_found)
{
    static const struct text2 not_own = {
        STR_INIT("只有送出的人可以请同事在这里签名。"),
        STR_INIT("Only who sent it can have a colleague sign it here.")};
    struct ctx *ctx = p->ctx;
    TRY(open_one(p, ret, ret_found));
    if (*ret_found && !str_equal(ret->w.row.sender, p->session.actor.id)) {
        *ret_found = false;
        return page_problem_as(p, 403, "sign.here", STR(""), not_own);
    }
    return ERR_OK;
}

static enum err case_sign_here_options(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct shown s;
    bool found = false;
    bool may = false;
    TRY(open_own(p, &s, &found));
    if (!found) {
        return ERR_OK;
    }
    TRY(may_be_signed(p, &s, &may));
    return may ? login_yes_options(p, s.w.row.digest) : ERR_OK;
}

/* Their passkey said yes to the digest: a proof as sure as a sign-in by it, of now. */
static enum err said_yes(struct page *p, struct str account)
{
    static const struct text2 other = {STR_INIT("这把通行密钥不是第二签名人的。"),
                                       STR_INIT("This passkey is not that of the second officer.")};
    struct ctx *ctx = p->ctx;
    struct shown s;
    bool found = false;
    bool may = false;
    TRY(open_own(p, &s, &found)); /* as it is now */
    if (!found) {
        return ERR_OK;
    }
    if (!str_equal(s.w.row.signer, account)) {
        return page_problem_as(p, 403, "sign.other", STR(""), other);
    }
    TRY(may_be_signed(p, &s, &may));
    return may ? submit_signed(p, &s, ASSURANCE_PASSKEY, ctx->world->now(ctx->world)) : ERR_OK;
}

static enum err case_sign_here(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct shown s;
    bool found = false;
    TRY(open_own(p, &s, &found));
    return found ? login_yes(p, s.w.row.digest, said_yes) : ERR_OK;
}

static enum err case_post_decline(struct page *p)
{
    static const struct text2 why = {STR_INIT("请写明不签名的理由，五百字以内。"),
                                     STR_INIT("Say why you do not sign, in at most 500 letters.")};
    struct ctx *ctx = p->ctx;
    struct text2 none = {{0}, {0}};
    struct shown s;
    bool found = false;
    struct str reason = str_trim(page_field(p, "reason"));
    TRY(open_one(p, &s, &found));
    if (!found) {
        return ERR_OK;
    }
    if (!str_equal(s.w.row.signer, p->session.actor.id)) {
        return page_problem(p, ERR_FORBIDDEN, STR(""), none);
    }
    if (reason.n == 0 || reason.n > REASON_CHARS * 4) {
        return page_problem_as(p, 422, "sign.reason", STR("reason"), why);
    }
    struct keep keep =
        case_keep_end(ctx->arena, s.w.row.id, p->session.actor.id, "declined", reason);
    return page_keep(p, &keep, ended);
}

static enum err case_post_withdraw(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct text2 none = {{0}, {0}};
    struct waiting w;
    bool found = false;
    TRY(waiting_load(p, p->args[0], &w, &found));
    if (!found || !str_equal(w.row.sender, p->session.actor.id)) {
        return page_problem(p, found ? ERR_FORBIDDEN : ERR_NOT_FOUND, STR(""), none);
    }
    struct keep keep =
        case_keep_end(ctx->arena, w.row.id, p->session.actor.id, "withdrawn", STR(""));
    return page_keep(p, &keep, ended);
}

static const struct route rows_[] = {
    {"GET", "/sign", case_page_signs, FOR_OFFICER, 0,
     "What waits for my signature, and what I sent for signature", page_signs_schema, ""},
    {"GET", "/sign/{id}", case_page_sign, FOR_OFFICER, 0,
     "One draft for two officers, whole, and what became of it", page_sign_schema, ""},
    {"GET", "/sign/{id}/file/{sha256}", case_sign_file, FOR_OFFICER, 0, "A file of such a draft",
     NULL, ""},
    {"POST", "/sign/{id}", case_post_sign, FOR_OFFICER, 0,
     "Sign it, by its digest: it goes to the gate with both officers", NULL, "digest"},
    {"POST", "/sign/{id}/here/options", case_sign_here_options, FOR_OFFICER, 0,
     "A challenge for the second officer to sign by passkey at the first's browser", NULL,
     "digest"},
    {"POST", "/sign/{id}/here", case_sign_here, FOR_OFFICER, 0,
     "The second officer signs by passkey at the first's browser", NULL,
     "digest id client_data authenticator_data signature user_handle"},
    {"POST", "/sign/{id}/decline", case_post_decline, FOR_OFFICER, 0, "Do not sign it, and say why",
     NULL, "reason"},
    {"POST", "/sign/{id}/withdraw", case_post_withdraw, FOR_OFFICER, 0, "Take it back", NULL, ""},
};
const struct route_table case_sign_routes = {rows_, LEN(rows_)};
