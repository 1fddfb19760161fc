/* test_erased.c - marks, and where they are looked for.
 *
 * A mark is a sign that no text of law or people has, and a number. Which columns copy a fact is
 * not written down here: whatever copied a value carries its mark, in whichever table a room comes
 * to have. The store is read by SQLite itself, and its files as bytes, because a page that is free
 * may keep what a deleted row said. */
#include "cli/test_erased.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/json_make.h"
#include "gate/read.h"
#include "base/buf.h"
#include "base/token.h"

#define MARK "\xe2\x80\xbb" /* ※, then digits */

static bool is_free_text(const struct json *v)
{
    bool ascii = true;
    for (size_t i = 0; json_is(v, JSON_STRING) && i < v->text.n; i++) {
        ascii = ascii && (unsigned char)v->text.p[i] < 0x80;
    }
    return json_is(v, JSON_STRING) && !ascii;
}

static void mark_members(struct ctx *ctx, struct json *o)
{
    static int number;
    for (size_t i = 0; i < o->count; i++) {
        struct json *v = &o->members[i].value;
        if (is_free_text(v)) {
            *v = json_of_str(str_format(ctx->arena, "%.*s" MARK "%d" MARK, FMT(v->text), ++number));
        }
    }
}

/* What the register of parties has of who acts is not said: the gate fills it in, with the mark
 * that it has there. A step that is refused because it says otherwise must say it. */
static struct json without_held(struct ctx *ctx, const struct json *fields)
{
    static const char *const held[] = {"person.name", "org.name", "org.legal_representative"};
    struct json out = json_object();
    for (size_t i = 0; i < fields->count; i++) {
        bool has = false;
        for (size_t k = 0; k < LEN(held); k++) {
            has = has || str_equal(fields->members[i].key, str_from(held[k]));
        }
        if (!has) {
            json_set(ctx->arena, &out, fields->members[i].key, fields->members[i].value);
        }
    }
    return out;
}

/* A step that repeats another under its key says the same, marks and all. */
static const struct json *said_before(const struct story_text *text, size_t index)
{
    for (size_t i = 0; i < index && text->steps[index].key.n > 0; i++) {
        if (str_equal(text->steps[i].key, text->steps[index].key) && text->steps[index].repeated) {
            return text->steps[i].fields;
        }
    }
    return NULL;
}

void erased_mark_story(struct ctx *ctx, struct story_text *text)
{
    for (size_t i = 0; i < text->count; i++) {
        const struct json *before = said_before(text, i);
        if (before != NULL) {
            text->steps[i].fields = before;
        } else if (text->steps[i].fields != NULL) {
            struct json *own = ARENA_NEW(ctx->arena, struct json);
            bool registers = str_equal(text->steps[i].act, STR("register-party"));
            bool differs = str_equal(text->steps[i].refused, STR("form.held"));
            *own = registers || differs ? *text->steps[i].fields
                                        : without_held(ctx, text->steps[i].fields);
            mark_members(ctx, own);
            text->steps[i].fields = own;
        }
    }
}

void erased_mark_people(struct ctx *ctx, struct json *people)
{
    static const char *const groups[] = {"persons", "orgs"};
    for (size_t g = 0; g < LEN(groups); g++) {
        const struct json *list = json_get(people, groups[g]);
        for (size_t i = 0; i < list->count; i++) {
            struct json facts = *json_get(&list->items[i], "facts");
            mark_members(ctx, &facts);
            json_set(ctx->arena, &list->items[i], STR("facts"), facts);
        }
    }
}

/* The number of the mark at a place. */
static uint64_t mark_number(struct str text, size_t at)
{
    struct str rest = str_slice(text, at + strlen(MARK), text.n);
    uint64_t number = 0;
    size_t digits = 0;
    while (digits < rest.n && rest.p[digits] >= '0' && rest.p[digits] <= '9') {
        number = number * 10 + (uint64_t)(rest.p[digits++] - '0');
    }
    return number;
}

/* What the law keeps: of acts outside cases only values about people are erased. */
static void keep_marks(struct erased_gaps *gaps, struct str text)
{
    uint64_t number = mark_number(text, str_find(text, STR(MARK)));
    must(number < ERASED_MARKS);
    gaps->kept[number] = true;
}

static void erase_one(struct story *s, int64_t seq, const struct json_member *value,
                      struct erased_gaps *gaps)
{
    struct test *t = s->t;
    struct draft d = {.kind = STR("erase-value"), .fields = json_object()};
    d.actor = (struct actor){.kind = ACTOR_NODE, .assurance = 2};
    json_set(s->ctx->arena, &d.fields, STR("erase.seq"), json_of_int(seq));
    json_set(s->ctx->arena, &d.fields, STR("erase.fact"), json_of_str(value->key));
    struct receipt r = story_submit(s, &d);
    if (!r.verdict.admitted) {
        CHECK_STR(r.verdict.code, "form.subject");
        keep_marks(gaps, value->value.text);
    }
}

size_t erased_all(struct story *s, struct erased_gaps *gaps)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    bool found = true;
    size_t erased = 0;
    for (int64_t seq = 0; found; seq++) {
        struct act_record r = {0};
        struct db *reader = NULL;
        CHECK_OK(store_reader(ctx, s->stage.store, &reader));
        CHECK_OK(gate_act(ctx, s->stage.gate, reader, seq, &r, &found));
        db_close(reader);
        for (size_t i = 0; found && i < r.fields.count; i++) {
            const struct json *v = &r.fields.members[i].value;
            if (json_is(v, JSON_STRING) && str_find(v->text, STR(MARK)) != SIZE_MAX) {
                erase_one(s, seq, &r.fields.members[i], gaps);
                erased++;
            }
        }
    }
    return erased;
}

/* The first mark in a text that should not be there; SIZE_MAX when there is none. */
static size_t find_mark(const struct erased_gaps *gaps, struct str text)
{
    size_t from = 0;
    while (from < text.n) {
        size_t at = str_find(str_slice(text, from, text.n), STR(MARK));
        if (at == SIZE_MAX) {
            return SIZE_MAX;
        }
        uint64_t number = mark_number(text, from + at);
        if (number > 0 && number < ERASED_MARKS && !gaps->kept[number]) {
            return from + at;
        }
        from += at + strlen(MARK);
    }
    return SIZE_MAX;
}

static void note(struct erased_gaps *gaps, const char *table, const char *column, struct str text,
                 size_t at)
{
    struct str key = str_format(gaps->arena, "%s%s%s", table, column[0] == '\0' ? "" : ".", column);
    if (json_get_str(&gaps->found, key) == NULL) {
        size_t from = at > 60 ? at - 60 : 0;
        size_t to = at + 60 < text.n ? at + 60 : text.n;
        struct str around = str_copy(gaps->arena, str_slice(text, from, to));
        json_set(gaps->arena, &gaps->found, key, json_of_str(around));
    }
}

static void look_at_table(sqlite3 *db, const char *table, struct erased_gaps *gaps)
{
    char sql[200];
    sqlite3_stmt *rows = NULL;
    snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\"", table);
    must(sqlite3_prepare_v2(db, sql, -1, &rows, NULL) == SQLITE_OK);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        for (int c = 0; c < sqlite3_column_count(rows); c++) {
            struct str text = {sqlite3_column_blob(rows, c), (size_t)sqlite3_column_bytes(rows, c)};
            size_t at = text.n == 0 ? SIZE_MAX : find_mark(gaps, text);
            if (at != SIZE_MAX) {
                note(gaps, table, sqlite3_column_name(rows, c), text, at);
            }
        }
    }
    sqlite3_finalize(rows);
}

static void look_at_tables(struct ctx *ctx, struct str dir, struct erased_gaps *gaps)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *names = NULL;
    struct str file = str_format(ctx->arena, "%.*s/store.db", FMT(dir));
    must(sqlite3_open_v2(str_z(ctx->arena, file), &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
    must(sqlite3_prepare_v2(db, "SELECT name FROM sqlite_master WHERE type = 'table'", -1, &names,
                            NULL) == SQLITE_OK);
    while (sqlite3_step(names) == SQLITE_ROW) {
        look_at_table(db, (const char *)sqlite3_column_text(names, 0), gaps);
    }
    sqlite3_finalize(names);
    sqlite3_close(db);
}

struct file_look {
    struct ctx *ctx;
    struct str dir;
    struct erased_gaps *gaps;
};

static void look_at_file(void *arg, const char *name, bool is_dir)
{
    struct file_look *l = arg;
    struct str text = {0};
    struct str path = str_format(l->ctx->arena, "%.*s/%s", FMT(l->dir), name);
    if (!is_dir && file_read(l->ctx, str_z(l->ctx->arena, path), 1 << 29, &text) == ERR_OK) {
        size_t at = find_mark(l->gaps, text);
        if (at != SIZE_MAX) {
            note(l->gaps, name, "", text, at);
        }
    }
}

/* As a kill would leave them: the files are read before the store is closed, which would tidy up.
 */
void erased_look(struct story *s, struct erased_gaps *gaps)
{
    struct test *t = s->t;
    struct file_look l = {s->ctx, s->stage.dir, gaps};
    struct world *w = world_real();
    CHECK(w->list(w, str_z(s->ctx->arena, s->stage.dir), look_at_file, &l) >= 0);
    stage_leave(&s->stage);
    look_at_tables(s->ctx, s->stage.dir, gaps);
    stage_close(s->ctx, &s->stage);
}

void erased_replay(struct story *s, struct erased_gaps *gaps)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct replay_report report = {0};
    struct str rest = {0};
    CHECK_OK(stage_replay(ctx, &s->stage, &report));
    CHECK(report.acts > 0);
    CHECK_INT(report.refused, 0);
    if (str_starts(report.first_wrong, STR("table "))) {
        struct str table =
            str_cut(str_slice(report.first_wrong, 6, report.first_wrong.n), ':', &rest);
        note(gaps, "replay", str_z(ctx->arena, table), report.first_wrong, 60);
    } else {
        CHECK_STR(report.first_wrong, "");
    }
}
