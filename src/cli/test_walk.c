/* Random walks: acts of the stories, taken out of their order, given to others, on other days and
 * with other values, through a real gate. What is admitted is read back from the ledger and held to
 * the invariants of the packs, which the gate does not read; at the end everything is replayed.
 * TONGBAN_SEED=N begins at seed N, TONGBAN_WALKS=N walks N seeds, TONGBAN_SECONDS=N begins none
 * after so many seconds: the everyday test takes seeds of its day, so that every day others are
 * walked, and says which, so that a walk that fails can be walked again. */
#include <stdio.h>
#include <stdlib.h>

#include "base/day.h"
#include "base/json_make.h"
#include "base/token.h"
#include "bpmn/state.h"
#include "cli/story.h"
#include "cli/test_play.h"
#include "feel/value.h"
#include "gate/read.h"
#include "gate/run.h"

enum {
    ENTRIES_MOST = 20000,
    CASES_MOST = 400,
    STEPS = 300,
    SEEDS = 2,
    DAYS_MOST = 220,
    KINDS_MOST = 1000
};

/* One step of a story, as a thing to try. */
struct entry {
    const struct json *step;
    struct day day;
};
struct walked_case {
    struct str id;
    struct json history; /* acts so far, as the scope of the invariants sees them */
};
struct walk {
    struct story s;
    struct entry entries[ENTRIES_MOST];
    size_t entry_count;
    struct walked_case cases[CASES_MOST];
    size_t case_count;
    int64_t next_seq;
    uint64_t random;
    bool wild; /* the draft being made: values and persons may not be as they were */
    struct day today;
    const struct law *law;
    size_t admitted;
    bool seen[KINDS_MOST]; /* kinds of act admitted, by index */
};

static uint64_t draw(struct walk *w, uint64_t below)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return (w->random >> 11) % below;
}

static void load_entries(struct walk *w)
{
    struct test *t = w->s.t;
    struct ctx *ctx = w->s.ctx;
    const char *const *paths = NULL;
    size_t count = story_paths(ctx, &paths);
    for (size_t i = 0; i < count; i++) {
        struct str text;
        struct json *story = ARENA_NEW(ctx->arena, struct json);
        CHECK_OK(file_read(ctx, paths[i], 1 << 20, &text));
        CHECK_OK(json_parse(ctx, text, str_from(paths[i]), story));
        const struct json *steps = json_get(story, "steps");
        for (size_t k = 0; k < steps->count; k++) {
            struct entry *e = &w->entries[w->entry_count];
            bool good = json_get(&steps->items[k], "act") != NULL &&
                        day_parse(json_text(&steps->items[k], "day"), &e->day);
            e->step = &steps->items[k];
            w->entry_count += good && w->entry_count < ENTRIES_MOST - 1;
        }
    }
}

/* The payment number that was drawn in the case of the walk. */
static struct json bill_of(struct walk *w)
{
    struct test *t = w->s.t;
    struct ctx *ctx = w->s.ctx;
    struct db *reader = NULL;
    struct case_state state = {.facts = json_object()};
    bool found = false;
    CHECK_OK(store_reader(ctx, w->s.stage.store, &reader));
    CHECK_OK(gate_case(ctx, w->s.stage.gate, reader, w->s.case_id, &state, &found));
    db_close(reader);
    return json_of_str(str_copy(ctx->arena, json_text(&state.facts, "bill.number")));
}

static bool is_client(struct walk *w, struct str id)
{
    const struct json *list = json_get(json_get(w->s.stage.people, "institutions"), "clients");
    for (size_t i = 0; json_is(list, JSON_ARRAY) && i < list->count; i++) {
        if (str_equal(json_text(&list->items[i], "client.id"), id)) {
            return true;
        }
    }
    return false;
}

/* A value of a story on another day: dates move along, and now and then something is not as it was.
 */
static struct json bend(struct walk *w, const struct json *value, const struct entry *e)
{
    struct day d;
    struct json v = *value;
    bool date = json_is(value, JSON_STRING) && value->text.n == 10 && day_parse(value->text, &d);
    if (date) {
        int32_t shift =
            w->today.n - e->day.n + (w->wild && draw(w, 4) == 0 ? (int32_t)draw(w, 40) - 20 : 0);
        v = json_of_str(day_text(w->s.ctx->arena, day_add(d, shift)));
    } else if (json_is(value, JSON_STRING) && str_equal(value->text, STR("@case"))) {
        v = json_of_str(w->s.case_id);
    } else if (json_is(value, JSON_STRING) && str_equal(value->text, STR("@before"))) {
        v = json_of_str(w->case_count > 1 ? w->cases[w->case_count - 2].id : w->s.case_id);
    } else if (json_is(value, JSON_STRING) && str_equal(value->text, STR("@bill"))) {
        v = bill_of(w);
    } else if (json_is(value, JSON_STRING) && str_equal(value->text, STR("@last"))) {
        v = json_of_int(w->next_seq - 1);
    } else if (json_is(value, JSON_STRING) && str_starts(value->text, STR("@licence:"))) {
        struct db *db = NULL;
        struct ctx *ctx = w->s.ctx;
        struct test *t = w->s.t;
        CHECK_OK(store_reader(ctx, w->s.stage.store, &db));
        CHECK_OK(story_licence(ctx, db, value->text, &v.text));
        db_close(db);
    } else if (json_is(value, JSON_BOOL) && w->wild && draw(w, 6) == 0) {
        v = json_of_bool(!value->bool_value);
    } else if (json_is(value, JSON_NUMBER) && value->is_int && w->wild && draw(w, 4) == 0) {
        v = json_of_int(value->int_value / 2 + (int64_t)draw(w, (uint64_t)value->int_value + 1));
    }
    return v;
}

static struct str other_person(struct walk *w, struct str person)
{
    const struct entry *e = &w->entries[draw(w, w->entry_count)];
    return w->wild && draw(w, 3) == 0 ? json_text(e->step, "by") : person;
}

static struct draft draft_of(struct walk *w, const struct entry *e)
{
    w->wild = draw(w, 3) == 0;
    struct str by = other_person(w, json_text(e->step, "by"));
    const struct json *fields = json_get(e->step, "fields");
    struct draft d = {.kind = json_text(e->step, "act"), .fields = json_object()};
    d.actor.kind = str_equal(by, STR("node"))  ? ACTOR_NODE
                   : str_starts(by, STR("o-")) ? ACTOR_OFFICER
                   : is_client(w, by)          ? ACTOR_CLIENT
                                               : ACTOR_PARTY;
    d.actor.id = d.actor.kind == ACTOR_NODE ? STR("") : by;
    d.actor.for_id = json_text(e->step, "for");
    d.actor.co_id = w->wild && draw(w, 6) == 0 ? by : json_text(e->step, "with");
    d.actor.assurance = 2;
    d.item = json_text(e->step, "item");
    d.case_id = d.item.n == 0 ? w->s.case_id : STR("");
    for (size_t i = 0; fields != NULL && i < fields->count; i++) {
        if (!w->wild || draw(w, 12) != 0) {
            json_set(w->s.ctx->arena, &d.fields, fields->members[i].key,
                     bend(w, &fields->members[i].value, e));
        }
    }
    return d;
}

/* {"a.b": 1} to {"a": {"b": 1}}: by hand, and not by what the gate uses. */
static struct json nested(struct arena *a, const struct json *flat)
{
    struct json tree = json_object();
    for (size_t i = 0; i < flat->count; i++) {
        struct str name = {0};
        struct str subject = str_cut(flat->members[i].key, '.', &name);
        const struct json *there = json_get_str(&tree, subject);
        struct json inner = there == NULL ? json_object() : *there;
        json_set(a, &inner, name, flat->members[i].value);
        json_set(a, &tree, subject, inner);
    }
    return tree;
}

static bool forbidden(struct ctx *ctx, const struct invariant *x,
                      const struct json *const values[LAW_RECORD_COUNT])
{
    struct feel_value slots[LAW_RECORD_COUNT];
    struct feel_env env = {.slots = slots};
    struct feel_value v;
    for (size_t i = 0; i < LAW_RECORD_COUNT; i++) {
        slots[i] = feel_null();
        if (values[i] != NULL && feel_from_json(ctx, values[i], NULL, &slots[i]) != ERR_OK) {
            return true;
        }
    }
    return feel_eval(ctx, x->never, &env, &v) == ERR_OK && feel_is_true(v);
}

static struct walked_case *case_of(struct walk *w, struct str id)
{
    for (size_t i = 0; i < w->case_count; i++) {
        if (str_equal(w->cases[i].id, id)) {
            return &w->cases[i];
        }
    }
    must(w->case_count < CASES_MOST);
    struct walked_case *c = &w->cases[w->case_count++];
    *c = (struct walked_case){.id = str_copy(w->s.ctx->arena, id), .history = json_array()};
    return c;
}

static struct json record_of(struct arena *a, const struct act_record *r)
{
    struct json o = json_object();
    struct json nothing = {0};
    json_set(a, &o, STR("kind"), json_of_str(r->kind));
    json_set(a, &o, STR("by"), json_of_str(r->actor));
    json_set(a, &o, STR("with"), r->co_id.n > 0 ? json_of_str(r->co_id) : nothing);
    json_set(a, &o, STR("day"), json_of_str(day_text(a, instant_day(r->at))));
    json_set(a, &o, STR("fields"), nested(a, &r->fields));
    return o;
}

/* Hold one recorded act to the invariants of its procedure. */
static void hold(struct walk *w, struct db *reader, const struct act_record *r)
{
    struct test *t = w->s.t;
    struct ctx *ctx = w->s.ctx;
    struct case_state state;
    bool found = false;
    CHECK_OK(gate_case(ctx, w->s.stage.gate, reader, r->case_id, &state, &found));
    CHECK(found);
    const struct item *item = found ? law_item(state.law, state.item) : NULL;
    if (item == NULL) {
        return;
    }
    struct walked_case *c = case_of(w, r->case_id);
    struct json act = record_of(ctx->arena, r);
    struct json facts = nested(ctx->arena, &state.facts);
    struct json status = json_of_str(state.status);
    const struct json *values[LAW_RECORD_COUNT] = {&act, &c->history, &facts, &status};
    size_t count = 0;
    const struct invariant *list = law_invariants(state.law, &count);
    for (size_t i = 0; i < count; i++) {
        if (str_equal(list[i].procedure, item->procedure_name)) {
            bool broken = forbidden(ctx, &list[i], values);
            if (broken) {
                printf("  act %lld of %.*s: %.*s breaks \"%.*s\"\n", (long long)r->seq,
                       FMT(r->case_id), FMT(r->kind), FMT(list[i].id));
            }
            CHECK(!broken);
        }
    }
    json_push(ctx->arena, &c->history, act);
}

/* Read what the ledger took since the last look. */
static void look(struct walk *w)
{
    struct test *t = w->s.t;
    struct ctx *ctx = w->s.ctx;
    struct db *reader = NULL;
    bool found = true;
    CHECK_OK(store_reader(ctx, w->s.stage.store, &reader));
    while (found) {
        struct act_record r;
        CHECK_OK(gate_act(ctx, w->s.stage.gate, reader, w->next_seq, &r, &found));
        if (found && r.case_id.n > 0) {
            hold(w, reader, &r);
        }
        const struct act_kind *kind = found ? law_act(w->law, r.kind) : NULL;
        if (kind != NULL) {
            w->seen[kind->index] = true;
        }
        w->next_seq += found;
        w->admitted += found;
    }
    db_close(reader);
}

/* Something to try: mostly what the case awaits, sometimes anything. */
static const struct entry *choose(struct walk *w)
{
    struct test *t = w->s.t;
    struct ctx *ctx = w->s.ctx;
    size_t first = draw(w, w->entry_count);
    bool opens = w->case_count == 0 || (w->case_count < CASES_MOST - 50 && draw(w, 12) == 0);
    if (!opens) {
        size_t newest = w->case_count < 6 ? w->case_count : 6;
        w->s.case_id = w->cases[w->case_count - 1 - draw(w, newest)].id;
    }
    struct case_state state = {0};
    bool found = false;
    struct db *reader = NULL;
    CHECK_OK(store_reader(ctx, w->s.stage.store, &reader));
    CHECK_OK(gate_case(ctx, w->s.stage.gate, reader, w->s.case_id, &state, &found));
    db_close(reader);
    const struct item *item = found ? law_item(state.law, state.item) : NULL;
    struct bpmn_state *tokens = NULL;
    if (item != NULL && !state.closed) {
        CHECK_OK(bpmn_state_read(ctx, item->procedure, state.tokens, &tokens));
    }
    for (size_t i = 0; i < w->entry_count && draw(w, 2000) != 0; i++) {
        const struct entry *e = &w->entries[(first + i) % w->entry_count];
        bool admitted = json_is(json_get(e->step, "expect"), JSON_STRING);
        if (!admitted && draw(w, 4) != 0) {
            continue;
        }
        bool may = tokens != NULL && bpmn_may(item->procedure, tokens, json_text(e->step, "act"));
        if (opens ? json_text(e->step, "item").n > 0 : may || draw(w, 5000) == 0) {
            return e;
        }
    }
    return &w->entries[first];
}

static void walk_seed(struct walk *w, uint64_t seed)
{
    struct test *t = w->s.t;
    struct ctx *ctx = w->s.ctx;
    struct db *reader = NULL;
    w->random = seed * 2654435769u + 88172645463325252u;
    w->case_count = 0;
    w->next_seq = 0;
    story_open(&w->s, t, ctx);
    CHECK_OK(stage_institutions(ctx, &w->s.stage));
    CHECK_OK(store_reader(ctx, w->s.stage.store, &reader));
    CHECK_OK(gate_law(ctx, w->s.stage.gate, reader, &w->law));
    db_close(reader);
    CHECK(day_parse(STR("2026-03-02"), &w->today));
    struct day last = day_add(w->today, DAYS_MOST);
    look(w);
    for (int i = 0; i < STEPS; i++) {
        if (draw(w, 3) == 0 && w->today.n < last.n) {
            w->today = day_add(w->today, 1 + (int32_t)draw(w, draw(w, 12) == 0 ? 40 : 3));
            story_set_day(&w->s, w->today);
            story_tick(&w->s);
            look(w);
        }
        if (i % (STEPS / STORY_TROUBLES) == STEPS / STORY_TROUBLES / 2) {
            story_trouble(&w->s, seed + (size_t)(i / (STEPS / STORY_TROUBLES)));
        }
        story_set_day(&w->s, w->today);
        struct draft d = draft_of(w, choose(w));
        story_submit(&w->s, &d);
        look(w);
    }
    story_close(&w->s);
}

/* A number that the environment names. */
static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

/* What all walks together show. */
struct walked {
    size_t admitted;
    size_t kinds;
    bool seen[KINDS_MOST];
};

static void walk_and_count(struct test *t, uint64_t seed, struct walked *all)
{
    struct arena *arena = arena_new((size_t)1 << 32);
    struct ctx inner = {.arena = arena, .world = world_real()};
    struct walk *w = ARENA_NEW(arena, struct walk);
    struct ctx *outer = t->ctx;
    int before = t->failures;
    w->s.t = t;
    w->s.ctx = &inner;
    t->ctx = &inner;
    load_entries(w);
    CHECK(w->entries[0].step != NULL);
    walk_seed(w, seed);
    t->ctx = outer;
    if (t->failures > before) {
        printf("  of seed %llu: TONGBAN_SEED=%llu TONGBAN_WALKS=1 build/release/tests %s\n",
               (unsigned long long)seed, (unsigned long long)seed, t->name);
    }
    for (size_t i = 0; i < KINDS_MOST; i++) {
        all->kinds += w->seen[i] && !all->seen[i];
        all->seen[i] = all->seen[i] || w->seen[i];
    }
    all->admitted += w->admitted;
    arena_free(arena);
}

TEST(gate_no_random_walk_reaches_what_the_packs_forbid)
{
    struct world *w = world_real();
    struct walked all = {0};
    uint64_t first = setting("TONGBAN_SEED", 1);
    uint64_t ns = setting("TONGBAN_SECONDS", 0) * 1000000000;
    uint64_t most = setting("TONGBAN_WALKS", ns > 0 ? 1000 : SEEDS);
    int64_t begun = w->mono_ns(w);
    uint64_t walks = 0;
    while (walks < most && (ns == 0 || (uint64_t)(w->mono_ns(w) - begun) < ns)) {
        walk_and_count(t, first + walks++, &all);
    }
    CHECK(all.admitted > walks * STEPS / 4); /* the walks go somewhere */
    CHECK(walks < SEEDS || all.kinds > 40);
    if (most != SEEDS) {
        printf("  %llu walks from seed %llu, %zu acts admitted, %zu kinds of act\n",
               (unsigned long long)walks, (unsigned long long)first, all.admitted, all.kinds);
    }
}

TEST(gate_every_invariant_forbids_its_example)
{
    struct law_pack_source packs[2];
    struct law_problems problems;
    struct law *law = NULL;
    struct day day = {0};
    size_t count = 0;
    must(day_parse(STR("2026-03-02"), &day));
    CHECK_OK(law_read_folder(ctx, "law/cn", &packs[0]));
    CHECK_OK(law_read_folder(ctx, "law/cn-990101", &packs[1]));
    CHECK_OK(law_load(ctx, ctx->arena, packs, 2, day, &law, &problems));
    const struct invariant *list = law_invariants(law, &count);
    CHECK(count > 50);
    for (size_t i = 0; i < count; i++) {
        const struct json *example = list[i].example;
        const struct json *values[LAW_RECORD_COUNT] = {
            json_get(example, "act"), json_get(example, "before"), json_get(example, "facts"),
            json_get(example, "status")};
        bool caught = forbidden(ctx, &list[i], values);
        if (!caught) {
            printf("  %.*s: \"%.*s\" allows its example\n", FMT(list[i].procedure),
                   FMT(list[i].id));
        }
        CHECK(caught);
    }
}
