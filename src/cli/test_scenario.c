/* The runner of sim/scenario.json, and the scenario played without faults. */
#include "cli/test_scenario.h"
#include "book/book.h"
#include "replay/replay.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/day.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/json_make.h"
#include "crypto/crypto.h"
#include "crypto/keyholder.h"
#include "cli/test_play.h"
#include "gate/read.h"
#include "gate/run.h"
#include "ledger/note.h"
#include "ledger/verify.h"
#include "store/schema.h"
#include "cli/rooms.h"
#include "cli/story.h"
#include "world_sim.h"

static struct json parse_file(struct test *t, struct ctx *ctx, const char *path)
{
    struct str text;
    struct json j = json_object();
    CHECK_OK(file_read(ctx, path, 1 << 20, &text));
    CHECK_OK(json_parse(ctx, text, str_from(path), &j));
    return j;
}

static size_t label_of(struct play *p, struct str label)
{
    size_t i = 0;
    while (i < p->label_count && !str_equal(p->label[i], label)) {
        i++;
    }
    if (i == p->label_count) {
        must(i < PLAY_CASES);
        p->label[p->label_count++] = label;
    }
    return i;
}

static struct str replaced(struct arena *a, struct str text, struct str from, struct str to)
{
    size_t at = str_find(text, from);
    must(at != SIZE_MAX); /* the scenario changes what the pack has */
    return str_format(a, "%.*s%.*s%.*s", FMT(str_slice(text, 0, at)), FMT(to),
                      FMT(str_slice(text, at + from.n, text.n)));
}

/* "change": {FILE: [FROM, TO], …}: in these files, what stands first. */
static void pack_change(struct arena *a, struct law_pack_source *pack, const struct json *change)
{
    struct law_file *files = ARENA_ARRAY(a, struct law_file, pack->count);
    memcpy(files, pack->files, pack->count * sizeof(*files));
    for (size_t i = 0; i < change->count; i++) {
        const struct json_member *m = &change->members[i];
        size_t k = 0;
        while (k < pack->count && !str_equal(files[k].path, m->key)) {
            k++;
        }
        must(k < pack->count && m->value.count == 2);
        files[k].bytes =
            replaced(a, files[k].bytes, m->value.items[0].text, m->value.items[1].text);
    }
    pack->files = files;
}

/* The pack that a step publishes; each is read once. */
static size_t pack_of(struct play *p, struct ctx *ctx, const struct json *step)
{
    struct str path = json_text(step, "publish");
    const struct json *change = json_get(step, "change");
    size_t i = 0;
    while (i < p->pack_count &&
           !(str_equal(p->pack_path[i], path) && p->pack_change[i] == change)) {
        i++;
    }
    if (i == p->pack_count) {
        must(i < PLAY_PACKS);
        must(law_read_folder(ctx, str_z(ctx->arena, path), &p->packs[i]) == ERR_OK);
        if (change != NULL) {
            pack_change(ctx->arena, &p->packs[i], change);
        }
        p->pack_change[i] = change;
        p->pack_path[p->pack_count++] = path;
    }
    return i;
}

struct play *play_new(struct test *t, struct ctx *ctx)
{
    struct play *p = ARENA_NEW(ctx->arena, struct play);
    *p = (struct play){.t = t, .ctx = ctx, .where = STR("node")};
    ctx->world = world_real();
    p->scenario = parse_file(t, ctx, "sim/scenario.json");
    p->steps = json_get(&p->scenario, "steps");
    must(json_is(p->steps, JSON_ARRAY) && p->steps->count <= PLAY_STEPS);
    p->count = p->steps->count;
    for (size_t i = 0; i < p->count; i++) {
        const struct json *step = &p->steps->items[i];
        if (json_get(step, "publish") != NULL) {
            pack_of(p, ctx, step);
        }
        if (json_get(step, "case") != NULL) {
            label_of(p, json_text(step, "case"));
        }
    }
    return p;
}

enum err play_open(struct play *p, struct ctx *ctx)
{
    static const uint8_t seed[32] = {1};
    static const uint8_t secret[32] = {2};
    struct gate_config config = {.origin = STR("play.example/bh"), .node = STR("bh")};
    config.rooms = rooms_projectors(&config.room_count);
    ctx->world = p->world;
    if (p->keys == NULL) {
        TRY(keyholder_in_memory(p->ctx, seed, secret, &p->keys));
    }
    TRY(store_open(ctx, p->where, STORE_CREATE, &p->store));
    enum err e = store_migrate(ctx, p->store);
    config.store = p->store;
    config.keys = p->keys;
    e = e == ERR_OK ? replay_fill(ctx, &config, NULL, NULL) : e;
    e = e == ERR_OK ? gate_new(ctx, &config, &p->gate) : e;
    e = e == ERR_OK ? agenda_new(ctx, p->gate, p->store, &p->agenda) : e;
    if (e != ERR_OK) {
        play_close(p);
    }
    return e;
}

void play_close(struct play *p)
{
    agenda_free(p->agenda);
    gate_close(p->gate);
    store_close(p->store);
    p->agenda = NULL;
    p->gate = NULL;
    p->store = NULL;
}

struct instant play_instant(const struct play *p, size_t step)
{
    struct day d = {0};
    must(day_parse(json_text(&p->steps->items[step], "day"), &d));
    return (struct instant){day_start(d).ms + 9 * 3600000 + (int64_t)step * 1000};
}

/* ---- drafts ---- */

static enum err fields_of(struct ctx *ctx, const struct play *p, const struct json *step,
                          struct json *ret)
{
    const struct json *form =
        json_get_str(json_get(&p->scenario, "forms"), json_text(step, "form"));
    const struct json *own = json_get(step, "fields");
    struct json o = json_object();
    const struct json *parts[] = {form, own};
    for (size_t k = 0; k < LEN(parts); k++) {
        for (size_t i = 0; parts[k] != NULL && i < parts[k]->count; i++) {
            struct json v = parts[k]->members[i].value;
            if (v.kind == JSON_STRING) {
                TRY(story_licence(ctx, store_writer(p->store), v.text, &v.text));
            }
            json_set(ctx->arena, &o, parts[k]->members[i].key, v);
        }
    }
    *ret = o;
    return ERR_OK;
}

/* "file": {"line", "times"}: bytes made by repeating a line. */
static void file_of(struct ctx *ctx, const struct json *step, struct draft *d)
{
    const struct json *f = json_get(step, "file");
    if (f == NULL) {
        return;
    }
    struct attachment *file = ARENA_NEW(ctx->arena, struct attachment);
    struct buf b = buf_new(ctx->arena, 0);
    uint8_t digest[32];
    for (int64_t i = 0; i < json_int(f, "times", 1); i++) {
        buf_put(&b, json_text(f, "line"));
    }
    struct str bytes = buf_str(&b);
    sha256(bytes.p, bytes.n, digest);
    *file = (struct attachment){.sha256 = hex_encode(ctx->arena, (const char *)digest, 32),
                                .type = json_text(f, "type"),
                                .name = json_text(f, "name"),
                                .bytes = bytes};
    d->attachments = file;
    d->attachment_count = 1;
}

static enum err draft_of(struct play *p, struct ctx *ctx, size_t index, struct draft *ret)
{
    const struct json *step = &p->steps->items[index];
    struct str by = json_text(step, "by");
    if (json_get(step, "publish") != NULL) {
        struct law_problems problems;
        enum err e = book_publish_draft(ctx, gate_book(p->gate), store_writer(p->store),
                                        &p->packs[pack_of(p, ctx, step)], ret, &problems);
        if (e == ERR_SYNTAX) {
            ret->kind = STR("publish-law"); /* who drafts it by hand is answered by the gate */
        } else {
            TRY(e);
        }
        by = STR("node");
    } else {
        *ret = (struct draft){.kind = json_text(step, "act"), .item = json_text(step, "item")};
        TRY(fields_of(ctx, p, step, &ret->fields));
        ret->actor.for_id = json_text(step, "for");
        ret->actor.co_id = json_text(step, "with");
        file_of(ctx, step, ret);
    }
    bool node = str_equal(by, STR("node"));
    ret->actor.kind = node                        ? ACTOR_NODE
                      : str_starts(by, STR("o-")) ? ACTOR_OFFICER
                      : str_starts(by, STR("a-")) ? ACTOR_ADMIN
                                                  : ACTOR_PARTY;
    ret->actor.id = node ? STR("") : by;
    ret->actor.assurance = (int)json_int(step, "assurance", 2);
    ret->actor.proven = ctx->world->now(ctx->world); /* just signed in */
    ret->key = json_text(step, "key");
    if (ret->key.n == 0) {
        ret->key = str_format(ctx->arena, "step-%zu", index);
    }
    if (ret->item.n == 0 && json_get(step, "case") != NULL) {
        ret->case_id = str_from(p->case_id[label_of(p, json_text(step, "case"))]);
    }
    return ERR_OK;
}

/* ---- a step ---- */

static uint64_t number_in(const char *name)
{
    const char *text = getenv(name);
    return text == NULL ? 0 : strtoull(text, NULL, 10);
}

uint64_t play_states(void)
{
    return number_in("TONGBAN_STATES");
}

uint64_t play_day(void)
{
    return number_in("TONGBAN_DAY");
}

bool play_is_whole(const struct play *p, size_t step)
{
    return json_bool(&p->steps->items[step], "upgrade", false) ||
           json_bool(&p->steps->items[step], "copy", false);
}

static enum err play_tick(struct play *p, struct ctx *ctx, struct play_answer *ret)
{
    TRY(agenda_tick(ctx, p->agenda, &ret->acts));
    while (gate_run_once(p->gate) > 0) {
    }
    ret->told = true;
    ret->seq = -1;
    return ERR_OK;
}

/* "again" stands for the submitted step before it. */
static size_t meant(const struct play *p, size_t step)
{
    return json_bool(&p->steps->items[step], "again", false) ? step - 1 : step;
}

enum err play_step(struct play *p, struct ctx *ctx, size_t step)
{
    struct play_answer a = {.seq = -1};
    struct receipt r = {.seq = -1};
    struct draft d;
    ctx->world = p->world;
    play_forget_made(p, ctx);
    if (json_bool(&p->steps->items[step], "tick", false)) {
        TRY(play_tick(p, ctx, &a));
        p->answer[step] = a;
        return ERR_OK;
    }
    if (play_is_whole(p, step)) {
        TRY(play_whole(p, ctx, step));
        p->answer[step] = (struct play_answer){.told = true, .seq = -1};
        return ERR_OK;
    }
    TRY(draft_of(p, ctx, meant(p, step), &d));
    story_attach_files(ctx, &d);
    TRY(gate_submit_wait(ctx, p->gate, &d, &r));
    a = (struct play_answer){
        .told = true, .admitted = r.verdict.admitted, .repeated = r.repeated, .seq = r.seq};
    memcpy(a.hash, r.leaf_hash, 32);
    snprintf(a.code, sizeof(a.code), "%.*s", FMT(r.verdict.code));
    p->answer[step] = a;
    const struct json *label = json_get(&p->steps->items[meant(p, step)], "case");
    if (a.admitted && d.item.n > 0 && label != NULL) {
        snprintf(p->case_id[label_of(p, label->text)], sizeof(p->case_id[0]), "%.*s",
                 FMT(r.case_id));
    }
    while (!p->cut_short &&
           gate_run_once(p->gate) > 0) { /* what the node does by itself after it */
    }
    return ERR_OK;
}

bool play_as_written(const struct play *p, size_t step, bool allow_repeated)
{
    const struct json *s = &p->steps->items[step];
    const struct play_answer *a = &p->answer[step];
    struct str want = json_text(s, "answer");
    if (!a->told || play_is_whole(p, step)) {
        return a->told;
    }
    if (json_bool(s, "tick", false)) {
        return allow_repeated || (int64_t)a->acts == json_int(s, "acts", -1);
    }
    if (!a->admitted) {
        return str_equal(want, str_from(a->code));
    }
    bool first = str_equal(want, STR("admitted"));
    bool again = str_equal(want, STR("repeated"));
    return a->repeated ? again || (allow_repeated && first) : first;
}

struct str play_words(struct arena *a, const struct play *p, size_t step)
{
    const struct json *s = &p->steps->items[step];
    const struct play_answer *got = &p->answer[step];
    return str_format(a, "step %zu (%.*s by %.*s, case %.*s) wants %.*s, got %s %s %zu", step,
                      FMT(json_text(s, "act")), FMT(json_text(s, "by")), FMT(json_text(s, "case")),
                      FMT(json_text(s, "answer")),
                      !got->told      ? "no answer"
                      : got->repeated ? "repeated"
                      : got->admitted ? "admitted"
                                      : "refused",
                      got->code, got->acts);
}

/* ---- what must hold ---- */

static bool answered_are_there(struct play *p, struct ctx *ctx, struct ledger_reader *reader,
                               uint64_t size)
{
    struct test *t = p->t;
    bool good = true;
    for (size_t i = 0; i < p->count; i++) {
        const struct play_answer *a = &p->answer[i];
        uint8_t hash[32] = {0};
        if (a->told && a->seq >= 0) {
            bool there = (uint64_t)a->seq < size &&
                         reader->hash(ctx, reader->self, 0, (uint64_t)a->seq, hash) == ERR_OK &&
                         memcmp(hash, a->hash, 32) == 0;
            if (!there) {
                printf("the act acknowledged in step %zu (place %lld) is gone\n", i,
                       (long long)a->seq);
            }
            CHECK(there);
            good = good && there;
        }
    }
    return good;
}

static bool ledger_is_good(struct play *p, struct ctx *ctx, struct ledger_reader *reader,
                           struct str note, uint64_t size)
{
    struct test *t = p->t;
    struct log_report log = {0};
    struct verifier key =
        verifier_ed25519(STR("play.example/bh"), keyholder_public(p->keys)->ed25519);
    struct log_held held = {reader, size, note};
    struct log_source source = log_source_held(&held);
    CHECK_OK(log_verify(ctx, &source, &key, 1, NULL, NULL, &log));
    CHECK_STR(log.wrong, "");
    return log.good;
}

static bool replay_agrees(struct play *p, struct ctx *ctx)
{
    struct test *t = p->t;
    struct world *other = sim_new(9);
    struct store *fresh = NULL;
    struct replay_report report = {0};
    ctx->world = other;
    CHECK_OK(store_open(ctx, STR("fresh"), STORE_CREATE, &fresh));
    CHECK_OK(store_migrate(ctx, fresh));
    CHECK_OK(replay_run(ctx, p->gate, fresh, &report));
    CHECK_INT(report.refused, 0);
    CHECK_STR(report.first_wrong, "");
    store_close(fresh);
    sim_free(other);
    ctx->world = p->world;
    return report.refused == 0 && report.first_wrong.n == 0;
}

/* No row of any table holds a text that an admitted step has erased. */
static void erased_is_gone(struct play *p, struct ctx *ctx)
{
    struct test *t = p->t;
    for (size_t i = 0; i < p->count; i++) {
        struct str text = json_text(&p->steps->items[i], "gone");
        if (text.n > 0 && p->answer[i].told && p->answer[i].admitted) {
            CHECK(!play_rows_hold(p, ctx, text));
        }
    }
}

bool play_look(struct play *p, struct ctx *ctx, bool deep)
{
    struct test *t = p->t;
    struct db *db = NULL;
    struct str note = {0};
    uint64_t size = 0;
    struct ledger_reader reader;
    int before = t->failures;
    ctx->world = p->world;
    if (store_reader(ctx, p->store, &db) != ERR_OK ||
        gate_checkpoint(ctx, p->gate, db, &note, &size) != ERR_OK ||
        gate_ledger_reader(ctx, p->gate, db, &reader) != ERR_OK) {
        db_close(db);
        CHECK(!"the node can be read");
        return false;
    }
    answered_are_there(p, ctx, &reader, size);
    if (deep && size > 0) {
        ledger_is_good(p, ctx, &reader, note, size);
    }
    db_close(db);
    if (deep || !p->hasty || ++p->looks % 8 == 0) {
        erased_is_gone(p, ctx);
    }
    play_look_at_made(p, ctx);
    if (deep) {
        replay_agrees(p, ctx);
    }
    return t->failures == before;
}

/* ---- without faults ---- */

/* After a change of the law: TONGBAN_RECORD=1 build/release/tests scenario writes the answers as
 * they are now, and git diff shows what the law now says of each step. */
static void record(struct play *p, struct ctx *ctx)
{
    struct test *t = p->t;
    struct buf b = buf_new(ctx->arena, 0);
    buf_puts(&b, "{\"about\": ");
    json_write(&b, json_get(&p->scenario, "about"));
    buf_puts(&b, ",\n\"forms\": {");
    const struct json *forms = json_get(&p->scenario, "forms");
    for (size_t i = 0; i < forms->count; i++) {
        buf_format(&b, "%s\n\"%.*s\": ", i == 0 ? "" : ",", FMT(forms->members[i].key));
        json_write(&b, &forms->members[i].value);
    }
    buf_puts(&b, "},\n\"steps\": [");
    for (size_t i = 0; i < p->count; i++) {
        struct json *step = &p->steps->items[i];
        const struct play_answer *a = &p->answer[i];
        bool tick = json_bool(step, "tick", false);
        bool whole = play_is_whole(p, i);
        struct str word = a->repeated   ? STR("repeated")
                          : a->admitted ? STR("admitted")
                                        : str_from(a->code);
        if (!whole) {
            json_set(ctx->arena, step, tick ? STR("acts") : STR("answer"),
                     tick ? json_of_int((int64_t)a->acts) : json_of_str(word));
        }
        buf_puts(&b, i == 0 ? "\n" : ",\n");
        json_write(&b, step);
    }
    buf_puts(&b, "\n]}\n");
    ctx->world = world_real();
    CHECK_OK(file_write(ctx, "sim/scenario.json", buf_str(&b), 0644));
    ctx->world = p->world;
}

TEST(scenario_goes_as_written)
{
    struct play *p = play_new(t, ctx);
    p->world = sim_new(11);
    size_t admitted = 0;
    size_t refused = 0;
    size_t repeated = 0;
    bool records = getenv("TONGBAN_RECORD") != NULL;
    CHECK_OK(play_open(p, ctx));
    for (size_t i = 0; i < p->count; i++) {
        sim_advance(p->world, (struct span){play_instant(p, i).ms - p->world->now(p->world).ms});
        struct str gone = json_text(&p->steps->items[i], "gone");
        CHECK(gone.n == 0 || play_rows_hold(p, ctx, gone)); /* else its going would show nothing */
        CHECK_OK(play_step(p, ctx, i));
        play_look_at_made(p, ctx);
        if (!records && !play_as_written(p, i, false)) {
            printf("%.*s (new law: see record in this file)\n", FMT(play_words(ctx->arena, p, i)));
            CHECK(!"the answer is the one written");
        }
        admitted += p->answer[i].admitted && !p->answer[i].repeated;
        refused += p->answer[i].told && p->answer[i].code[0] != 0;
        repeated += p->answer[i].repeated;
    }
    if (records) {
        record(p, ctx);
    }
    CHECK(admitted >= 200);
    CHECK(refused >= 100);
    CHECK(repeated >= 10);
    play_look(p, ctx, true);
    play_close(p);
    sim_free(p->world);
    ctx->world = world_real();
}
