/* story.c - reading a story and playing it.
 *
 * Reading is strict: a member that no step has, a day that is none, an `expect` of another form end
 * it with file and line, because a story that is read loosely passes for the wrong reason.
 *
 * Playing judges nothing itself. A step becomes the draft that a page would make of it, the gate of
 * the stage answers, and the answer is held to what the story expects. What is not said is not
 * held: a story without `expect` is played to see what comes. */
#include "cli/story.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/day.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/token.h"
#include "gate/read.h"
#include "gate/run.h"
#include "licence_sql.h"

enum { STORY_BYTES = 4 << 20, HOUR = 9, NOT_SAID = -1 };

/* ---- reading ---- */

struct reading {
    struct ctx *ctx;
    struct str file;
    struct str text;
};

static enum err wrong(struct reading *r, const struct json *at, const char *what, struct str more)
{
    uint32_t line = 0;
    uint32_t column = 0;
    json_place(r->text, at->offset, &line, &column);
    return fault_at(r->ctx, ERR_SYNTAX, r->file, line, column, "%s%.*s", what, FMT(more));
}

static enum err text_member(struct reading *r, const struct json *o, const char *name,
                            struct str *ret)
{
    const struct json *v = json_get(o, name);
    if (v != NULL && !json_is(v, JSON_STRING)) {
        return wrong(r, v, "this is to be a text: ", str_from(name));
    }
    *ret = json_text(o, name);
    return ERR_OK;
}

static enum err int_member(struct reading *r, const struct json *o, const char *name, int64_t least,
                           int64_t most, int64_t *ret)
{
    const struct json *v = json_get(o, name);
    if (v == NULL) {
        return ERR_OK;
    }
    if (!json_is(v, JSON_NUMBER) || !v->is_int || v->int_value < least || v->int_value > most) {
        return wrong(r, v, "this is to be a whole number in its bounds: ", str_from(name));
    }
    *ret = v->int_value;
    return ERR_OK;
}

static enum err object_member(struct reading *r, const struct json *o, const char *name,
                              const struct json **ret)
{
    const struct json *v = json_get(o, name);
    if (v != NULL && !json_is(v, JSON_OBJECT)) {
        return wrong(r, v, "this is to be an object: ", str_from(name));
    }
    *ret = v;
    return ERR_OK;
}

/* Every member is one of the words, which end with NULL. */
static enum err only(struct reading *r, const struct json *o, const char *const *words)
{
    for (size_t i = 0; i < o->count; i++) {
        const char *const *w = words;
        while (*w != NULL && !str_equal(o->members[i].key, str_from(*w))) {
            w++;
        }
        if (*w == NULL) {
            return wrong(r, &o->members[i].value, "a story has no member here called ",
                         o->members[i].key);
        }
    }
    return ERR_OK;
}

static enum err read_expect(struct reading *r, const struct json *o, struct story_step *s)
{
    static const char *const words[] = {"refused", "article", "field", NULL};
    struct ctx *ctx = r->ctx;
    const struct json *e = json_get(o, "expect");
    s->is_expected = e != NULL;
    if (e == NULL) {
        return ERR_OK;
    }
    s->admitted = json_is(e, JSON_STRING) && str_equal(e->text, STR("admitted"));
    if (s->admitted) {
        return ERR_OK;
    }
    if (!json_is(e, JSON_OBJECT) || json_get(e, "refused") == NULL) {
        return wrong(r, e, "expect is \"admitted\" or {\"refused\": CODE, \"article\": CITATION}",
                     STR(""));
    }
    TRY(only(r, e, words));
    TRY(text_member(r, e, "refused", &s->refused));
    TRY(text_member(r, e, "article", &s->article));
    return text_member(r, e, "field", &s->field);
}

/* What is said of the clock alone, and what of an act alone. */
static enum err read_kind_of_step(struct reading *r, const struct json *o, bool clock)
{
    static const char *const of_act[] = {"item", "for",     "with",     "case",      "key",
                                         "due",  "decides", "repeated", "assurance", "fields"};
    for (size_t i = 0; clock && i < LEN(of_act); i++) {
        const struct json *v = json_get(o, of_act[i]);
        if (v != NULL && !(json_is(v, JSON_OBJECT) && v->count == 0)) {
            return wrong(r, v, "the clock has no ", str_from(of_act[i]));
        }
    }
    const struct json *expect = json_get(o, "expect");
    if (clock && json_is(expect, JSON_OBJECT)) {
        return wrong(r, expect, "of the clock one expects acts, a number", STR(""));
    }
    if (!clock && json_get(o, "acts") != NULL) {
        return wrong(r, json_get(o, "acts"), "acts are counted of the clock alone", STR(""));
    }
    return ERR_OK;
}

static enum err read_step(struct reading *r, const struct json *o, struct story_step *s)
{
    static const char *const words[] = {"day",       "hour",     "by",     "act",
                                        "item",      "for",      "with",   "case",
                                        "key",       "fields",   "expect", "due",
                                        "decides",   "repeated", "acts",   "signed_in_minutes_ago",
                                        "assurance", "status",   "note",   NULL};
    struct ctx *ctx = r->ctx;
    int64_t hour = HOUR;
    int64_t assurance = 2;
    uint32_t column = 0;
    struct day due = {0};
    struct str note = {0};
    if (!json_is(o, JSON_OBJECT)) {
        return wrong(r, o, "a step is an object", STR(""));
    }
    *s = (struct story_step){.acts = NOT_SAID};
    json_place(r->text, o->offset, &s->line, &column);
    TRY(only(r, o, words));
    if (!day_parse(json_text(o, "day"), &s->day)) {
        const struct json *day = json_get(o, "day");
        return wrong(r, day == NULL ? o : day, "a step has a day, as \"2026-03-02\"", STR(""));
    }
    TRY(text_member(r, o, "by", &s->by));
    s->clock = str_equal(s->by, STR("clock"));
    TRY(text_member(r, o, "act", &s->act));
    if (s->by.n == 0 || s->clock != (s->act.n == 0)) {
        return wrong(r, o,
                     "a step says who acts (by) and what is done (act); the clock says no act",
                     STR(""));
    }
    TRY(text_member(r, o, "item", &s->item));
    TRY(text_member(r, o, "for", &s->for_id));
    TRY(text_member(r, o, "with", &s->with));
    TRY(text_member(r, o, "case", &s->case_id));
    TRY(text_member(r, o, "key", &s->key));
    TRY(text_member(r, o, "due", &s->due));
    TRY(text_member(r, o, "note", &note));
    if (s->due.n > 0 && !day_parse(s->due, &due)) {
        return wrong(r, json_get(o, "due"), "due is a day, as \"2026-03-02\"", STR(""));
    }
    TRY(read_kind_of_step(r, o, s->clock));
    struct str status = {0};
    TRY(text_member(r, o, "status", &status));
    s->status = json_get(o, "status");
    TRY(object_member(r, o, "fields", &s->fields));
    TRY(object_member(r, o, "decides", &s->decides));
    TRY(int_member(r, o, "hour", 0, 23, &hour));
    TRY(int_member(r, o, "assurance", 0, 3, &assurance));
    TRY(int_member(r, o, "signed_in_minutes_ago", 0, 525600, &s->signed_in_minutes_ago));
    TRY(int_member(r, o, "acts", 0, 1000000, &s->acts));
    s->hour = (int)hour;
    s->assurance = (int)assurance;
    const struct json *repeated = json_get(o, "repeated");
    if (repeated != NULL && !json_is(repeated, JSON_BOOL)) {
        return wrong(r, repeated, "this is to be true or false: ", STR("repeated"));
    }
    s->repeated = json_bool(o, "repeated", false);
    return read_expect(r, o, s);
}

enum err story_read(struct ctx *ctx, const char *file, struct story_text *ret)
{
    static const char *const words[] = {"test", "title", "item", "note", "steps", NULL};
    struct reading r = {.ctx = ctx, .file = str_copy(ctx->arena, str_from(file))};
    struct json *o = ARENA_NEW(ctx->arena, struct json);
    *ret = (struct story_text){.file = r.file};
    TRY(file_read(ctx, file, STORY_BYTES, &r.text));
    TRY(json_parse(ctx, r.text, r.file, o));
    const struct json *steps = json_get(o, "steps");
    if (!json_is(o, JSON_OBJECT) || !json_is(steps, JSON_ARRAY) || steps->count == 0) {
        return wrong(&r, o, "a story is an object with a list of steps", STR(""));
    }
    TRY(only(&r, o, words));
    TRY(text_member(&r, o, "test", &ret->name));
    ret->name = ret->name.n > 0 ? ret->name : r.file;
    ret->steps = ARENA_ARRAY(ctx->arena, struct story_step, steps->count);
    ret->count = steps->count;
    for (size_t i = 0; i < steps->count; i++) {
        TRY(read_step(&r, &steps->items[i], &ret->steps[i]));
    }
    return ERR_OK;
}

/* ---- playing ---- */

void story_attach_files(struct ctx *ctx, struct draft *d)
{
    struct attachment *files =
        ARENA_ARRAY(ctx->arena, struct attachment, d->fields.count + d->attachment_count + 1);
    size_t count = 0;
    for (size_t i = 0; i < d->attachment_count; i++) {
        files[count++] = d->attachments[i];
    }
    for (size_t i = 0; i < d->fields.count; i++) {
        const struct json *v = &d->fields.members[i].value;
        struct str sha = json_text(v, "sha256");
        bool given = sha.n == 0;
        for (size_t k = 0; k < d->attachment_count && !given; k++) {
            given = str_equal(d->attachments[k].sha256, sha);
        }
        if (!given) {
            files[count++] = (struct attachment){.sha256 = sha,
                                                 .type = json_text(v, "type"),
                                                 .name = json_text(v, "name"),
                                                 .bytes = STR("sample")};
        }
    }
    d->attachments = files;
    d->attachment_count = count;
}

enum err story_licence(struct ctx *ctx, struct db *reader, struct str word, struct str *ret)
{
    static const struct str mark = STR_INIT("@licence:");
    struct licence_of_party_row *rows = NULL;
    struct str nth = {0};
    size_t count = 0;
    int64_t n = 0;
    *ret = word;
    if (!str_starts(word, mark)) {
        return ERR_OK;
    }
    struct str party = str_cut(str_slice(word, mark.n, word.n), ':', &nth);
    TRY(licence_of_party(ctx, reader, (struct licence_of_party_in){.party = party}, &rows, &count));
    n = nth.n > 0 && str_to_i64(nth, &n) ? n : (int64_t)count;
    *ret = n >= 1 && (size_t)n <= count ? rows[n - 1].number : word;
    return ERR_OK;
}

/* "@case", "@before", "@last", "@bill" and "@licence:PARTY" stand for what the story has come to;
 * of
 * "@bill" the payment number that was drawn in the case, a text that is none where there is none.
 */
static enum err field_value(struct ctx *ctx, struct db *reader, const struct telling *t,
                            const struct json *facts, const struct json *v, struct json *ret)
{
    struct str number = {0};
    *ret = *v;
    if (!json_is(v, JSON_STRING)) {
        return ERR_OK;
    }
    TRY(story_licence(ctx, reader, v->text, &number));
    *ret = str_equal(v->text, STR("@last"))     ? json_of_int(t->last_seq)
           : str_equal(v->text, STR("@case"))   ? json_of_str(t->case_id)
           : str_equal(v->text, STR("@before")) ? json_of_str(t->before)
           : str_equal(v->text, STR("@bill"))   ? json_of_str(json_text(facts, "bill.number"))
                                                : json_of_str(number);
    return ERR_OK;
}

/* An institution by its client, or by the organisation it is, where parties do not act: then by the
 * client of it that the act is for. */
static enum err client_of(struct ctx *ctx, struct db *reader, const struct act_kind *kind,
                          const struct story_step *step, struct str *ret)
{
    struct actor_record *held = NULL;
    size_t count = 0;
    *ret = STR("");
    if (kind == NULL || (kind->who & WHO_CLIENT) == 0) {
        return ERR_OK;
    }
    TRY(people_held(ctx, reader, step->by, step->day, &held, &count));
    for (size_t i = 0; i < count && (kind->who & WHO_PARTY) == 0; i++) {
        bool meant = held[i].role_count > 0 &&
                     str_in(held[i].roles[0], kind->institutions, kind->institution_count);
        *ret = meant ? held[i].id : *ret;
    }
    return ERR_OK;
}

/* Who acts, as the node knows it: an officer, an administrator and an institution by their
 * accounts, anyone else, also whom nobody knows, as a party. */
static enum err actor_of(struct ctx *ctx, struct stage *s, struct db *reader,
                         const struct act_kind *kind, const struct story_step *step,
                         struct actor *ret)
{
    struct actor_record who = {0};
    struct str client = {0};
    bool found = false;
    *ret = (struct actor){.kind = ACTOR_NODE, .assurance = step->assurance};
    ret->proven.ms = s->clock.now.ms - step->signed_in_minutes_ago * 60000;
    ret->for_id = step->for_id;
    ret->co_id = step->with;
    if (str_equal(step->by, STR("node"))) {
        return ERR_OK;
    }
    TRY(gate_actor(ctx, s->gate, reader, step->by, &who, &found));
    ret->id = step->by;
    ret->kind = found && str_equal(who.kind, STR("officer"))  ? ACTOR_OFFICER
                : found && str_equal(who.kind, STR("admin"))  ? ACTOR_ADMIN
                : found && str_equal(who.kind, STR("client")) ? ACTOR_CLIENT
                                                              : ACTOR_PARTY;
    TRY(client_of(ctx, reader, kind, step, &client));
    if (client.n > 0) {
        ret->kind = ACTOR_CLIENT;
        ret->id = client;
    }
    return ERR_OK;
}

static bool is_institution(const struct json *institutions, struct str id)
{
    const struct json *orgs = json_get(institutions, "orgs");
    const struct json *clients = json_get(institutions, "clients");
    bool found = false;
    for (size_t i = 0; json_is(orgs, JSON_ARRAY) && i < orgs->count; i++) {
        found = found || str_equal(json_text(&orgs->items[i], "id"), id);
    }
    for (size_t i = 0; json_is(clients, JSON_ARRAY) && i < clients->count; i++) {
        found = found || str_equal(json_text(&clients->items[i], "client.id"), id);
    }
    return found;
}

/* The story comes to an institution: one acts, is named, or is told of. */
static bool meets_institution(const struct stage *s, const struct act_kind *kind,
                              const struct story_step *step)
{
    const struct json *all = s->people == NULL ? NULL : json_get(s->people, "institutions");
    bool met = all != NULL &&
               ((kind != NULL && (kind->who & WHO_CLIENT) != 0) || is_institution(all, step->by));
    for (size_t i = 0; all != NULL && step->fields != NULL && i < step->fields->count; i++) {
        const struct json *v = &step->fields->members[i].value;
        met = met || (json_is(v, JSON_STRING) && is_institution(all, v->text));
    }
    return met;
}

static enum err draft_of(struct ctx *ctx, struct stage *s, struct db *reader,
                         const struct telling *t, const struct story_step *step, struct draft *ret)
{
    const struct law *law = NULL;
    struct draft d = {.kind = step->act, .item = step->item, .key = step->key};
    TRY(gate_law(ctx, s->gate, reader, &law));
    const struct act_kind *kind = law == NULL ? NULL : law_act(law, step->act);
    struct case_state state = {.facts = json_object()};
    bool found = false;
    if (meets_institution(s, kind, step)) {
        TRY(stage_institutions(ctx, s));
    }
    TRY(actor_of(ctx, s, reader, kind, step, &d.actor));
    bool in_case = kind == NULL || kind->in_case != ACT_CASE_NONE;
    if (in_case && (step->item.n == 0 || step->case_id.n > 0)) {
        d.case_id = step->case_id.n > 0 ? step->case_id : t->case_id;
    }
    if (d.case_id.n > 0) {
        TRY(gate_case(ctx, s->gate, reader, d.case_id, &state, &found));
    }
    d.fields = json_object();
    for (size_t i = 0; step->fields != NULL && i < step->fields->count; i++) {
        const struct json_member *m = &step->fields->members[i];
        struct json value;
        TRY(field_value(ctx, reader, t, &state.facts, &m->value, &value));
        json_set(ctx->arena, &d.fields, m->key, value);
    }
    story_attach_files(ctx, &d);
    *ret = d;
    return ERR_OK;
}

static void miss(struct ctx *ctx, struct story_answer *a, const char *what, struct str want,
                 struct str got)
{
    if (a->missed.n == 0) {
        a->missed = str_format(ctx->arena, "expected %s %.*s, got %.*s", what, FMT(want),
                               FMT(got.n > 0 ? got : STR("none")));
    }
}

static struct str verdict_words(struct ctx *ctx, const struct verdict *v)
{
    return v->admitted
               ? STR("admitted")
               : str_format(ctx->arena, "refused by %.*s (%.*s)%s%.*s", FMT(v->code),
                            FMT(v->article.text), v->field.n > 0 ? ", " : "", FMT(v->field));
}

static void hold_verdict(struct ctx *ctx, const struct story_step *step, struct story_answer *a)
{
    const struct verdict *v = &a->receipt.verdict;
    struct str got = verdict_words(ctx, v);
    if (v->admitted != step->admitted) {
        struct str want = step->admitted
                              ? STR("admitted")
                              : str_format(ctx->arena, "refused by %.*s", FMT(step->refused));
        miss(ctx, a, "the act to be", want, got);
        return;
    }
    if (v->admitted) {
        return;
    }
    if (step->refused.n > 0 && !str_equal(step->refused, v->code) &&
        !str_equal(step->refused, v->check)) {
        miss(ctx, a, "refusal by", step->refused, got);
    }
    if (step->article.n > 0 && !str_equal(step->article, v->article.text)) {
        miss(ctx, a, "the article", step->article, v->article.text);
    }
    if (step->field.n > 0 && !str_equal(step->field, v->field)) {
        miss(ctx, a, "the fact", step->field, v->field);
    }
}

/* What business rule tasks said when the act was done, each by rules that cite their articles. */
static enum err hold_decided(struct ctx *ctx, struct stage *s, struct db *reader,
                             const struct story_step *step, struct story_answer *a)
{
    struct act_record record = {0};
    bool found = false;
    TRY(gate_act(ctx, s->gate, reader, a->receipt.seq, &record, &found));
    if (record.decided.count != step->decides->count) {
        miss(ctx, a, "as many decisions as named,", STR(""), STR("another number"));
    }
    for (size_t i = 0; i < record.decided.count; i++) {
        const struct json *row = &record.decided.items[i];
        const struct json *rules = json_get(row, "rules");
        const struct json *want = json_get_str(step->decides, json_text(row, "task"));
        struct buf got = buf_new(ctx->arena, 0);
        json_write(&got, row);
        if (want == NULL || !json_equal(want, json_get(row, "value"))) {
            miss(ctx, a, "another decision of", json_text(row, "task"), buf_str(&got));
        } else if (rules == NULL || rules->count == 0 ||
                   json_text(json_at(rules, 0), "article").n == 0) {
            miss(ctx, a, "an article for", json_text(row, "task"), buf_str(&got));
        }
    }
    return ERR_OK;
}

/* The state of the case of the story, and whether it is as expected. */
static enum err hold_state(struct ctx *ctx, struct stage *s, struct db *reader,
                           const struct telling *t, const struct story_step *step,
                           struct story_answer *a)
{
    struct case_state state = {0};
    bool found = false;
    struct str case_id = a->case_id.n > 0 ? a->case_id : t->case_id;
    if (case_id.n > 0) {
        TRY(gate_case(ctx, s->gate, reader, case_id, &state, &found));
        a->status = found ? state.status : STR("");
    }
    if (step->status != NULL && !str_equal(step->status->text, a->status)) {
        miss(ctx, a, "the status", step->status->text, a->status);
    }
    if (!step->clock && step->due.n > 0) {
        struct str due =
            a->receipt.due_limit.n > 0 ? day_text(ctx->arena, a->receipt.due_day) : STR("");
        if (!str_equal(step->due, due)) {
            miss(ctx, a, "the last day", step->due, due);
        }
    }
    return ERR_OK;
}

/* What is wrong with the asking itself, as a key that came before with another draft, a node
 * answers without asking the law: a refusal by no check and no article. Any other fault is the
 * stage's. */
static enum err submit(struct ctx *ctx, struct stage *s, struct story_answer *a)
{
    enum err e = stage_submit(ctx, s, &a->draft, &a->receipt);
    if (e == ERR_OK || err_status(e) >= 500) {
        return e;
    }
    a->receipt = (struct receipt){.seq = -1};
    a->receipt.verdict.code = str_from(err_name(e));
    a->receipt.verdict.sentence = (struct text2){.zh = str_from(err_sentence_zh(e)),
                                                 .en = str_copy(ctx->arena, ctx->why.detail)};
    return ERR_OK;
}

static enum err act(struct ctx *ctx, struct stage *s, struct db *reader, struct telling *t,
                    const struct story_step *step, struct story_answer *a)
{
    struct receipt *r = &a->receipt;
    TRY(draft_of(ctx, s, reader, t, step, &a->draft));
    TRY(submit(ctx, s, a));
    if (step->is_expected) {
        hold_verdict(ctx, step, a);
    }
    a->case_id = r->case_id.n > 0 ? r->case_id : a->draft.case_id;
    if (!r->verdict.admitted) {
        if (step->decides != NULL || step->repeated) {
            miss(ctx, a, "the act to be", STR("admitted"), verdict_words(ctx, &r->verdict));
        }
        return ERR_OK;
    }
    if (r->repeated != step->repeated) {
        miss(ctx, a, "the answer to be", step->repeated ? STR("the earlier one") : STR("new"),
             r->repeated ? STR("the earlier one") : STR("a new one"));
    }
    t->last_seq = r->seq;
    if (r->case_id.n > 0 && !str_equal(r->case_id, t->case_id)) {
        must(r->case_id.n <= STORY_CASE_BYTES);
        memcpy(t->bytes[1], t->bytes[0], sizeof(t->bytes[1]));
        memcpy(t->bytes[0], r->case_id.p, r->case_id.n);
        t->before = (struct str){t->bytes[1], t->case_id.n};
        t->case_id = (struct str){t->bytes[0], r->case_id.n};
    }
    return step->decides == NULL ? ERR_OK : hold_decided(ctx, s, reader, step, a);
}

static enum err tick(struct ctx *ctx, struct stage *s, const struct story_step *step,
                     struct story_answer *a)
{
    TRY(stage_tick(ctx, s, &a->acts));
    if (step->acts != NOT_SAID && (int64_t)a->acts != step->acts) {
        miss(ctx, a, "acts of the clock:", str_format(ctx->arena, "%lld", (long long)step->acts),
             str_format(ctx->arena, "%zu", a->acts));
    }
    if (step->is_expected && a->acts == 0) {
        miss(ctx, a, "acts of the clock:", STR("some"), STR("0"));
    }
    return ERR_OK;
}

enum err story_step(struct ctx *ctx, struct stage *s, struct telling *t,
                    const struct story_step *step, struct story_answer *ret)
{
    struct db *reader = NULL;
    *ret = (struct story_answer){.receipt = {.seq = -1}};
    stage_set(s, step->day, step->hour);
    TRY(store_reader(ctx, s->store, &reader));
    enum err e = step->clock ? tick(ctx, s, step, ret) : act(ctx, s, reader, t, step, ret);
    if (e == ERR_OK) {
        e = hold_state(ctx, s, reader, t, step, ret);
    }
    db_close(reader);
    return e;
}
