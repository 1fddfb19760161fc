/* A node for tests to play on (test_play.h), and at its end the question whether replay gives the
 * same views. */
#include "cli/test_play.h"
#include "book/book.h"
#include "replay/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "base/json_make.h"
#include "gate/run.h"
#include "store/schema.h"
#include "limit_gen.h"

static struct instant story_now(struct world *w)
{
    return ((struct story_world *)w->self)->now;
}

static int64_t story_mono_ns(struct world *w)
{
    return ((struct story_world *)w->self)->mono_ns;
}

void story_set_day(struct story *s, struct day day)
{
    int64_t ms = day_start(day).ms + 9 * 3600000;
    s->clock.mono_ns += (ms - s->clock.now.ms) * 1000000;
    s->clock.now.ms = ms;
}

static struct str temp_dir(struct ctx *ctx)
{
    char *path = str_z(ctx->arena, STR("/tmp/tongban-story-XXXXXX"));
    return str_from(mkdtemp(path));
}

void attach_files(struct ctx *ctx, struct draft *d)
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

/* Stories do not say which acts stand in their case: those of kinds that stand in none name none.
 */
static bool stands_in_case(struct ctx *ctx, struct str kind)
{
    struct str text = {0};
    const char *path = str_format(ctx->arena, "law/cn/act/%.*s.json", FMT(kind)).p;
    return file_read(ctx, path, 1 << 20, &text) != ERR_OK ||
           str_find(text, STR("\"case\": \"none\"")) == SIZE_MAX;
}

struct receipt story_submit(struct story *s, const struct draft *draft)
{
    struct draft d = *draft;
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct receipt r = {.seq = -1};
    attach_files(ctx, &d);
    /* Who acts in a test has just signed in, unless it says when. */
    d.actor.proven = d.actor.proven.ms == 0 ? s->clock.now : d.actor.proven;
    d.case_id = d.case_id.n > 0 && stands_in_case(ctx, d.kind) ? d.case_id : STR("");
    CHECK_OK(gate_submit_wait(s->ctx, s->gate, &d, &r));
    while (gate_run_once(s->gate) > 0) {
    }
    return r;
}

size_t story_tick(struct story *s)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    size_t count = 0;
    CHECK_OK(agenda_tick(ctx, s->agenda, &count));
    if (count > 0) { /* what is under way is not taken a second time */
        size_t again = 0;
        CHECK(agenda_tick_more(s->agenda));
        CHECK_OK(agenda_tick(ctx, s->agenda, &again));
        CHECK_INT(again, 0);
    }
    while (gate_run_once(s->gate) > 0) {
    }
    CHECK(!agenda_tick_more(s->agenda));
    return count;
}

static struct receipt by_node(struct story *s, const char *kind, struct json fields)
{
    struct test *t = s->t;
    struct draft d = {
        .kind = str_from(kind), .actor = {.kind = ACTOR_NODE, .assurance = 2}, .fields = fields};
    struct receipt r = story_submit(s, &d);
    CHECK_STR(r.verdict.code, "");
    return r;
}

void story_publish(struct story *s, const struct law_pack_source *pack)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct law_problems problems;
    struct draft d;
    CHECK_OK(
        book_publish_draft(ctx, gate_book(s->gate), store_writer(s->store), pack, &d, &problems));
    d.actor = (struct actor){.kind = ACTOR_NODE, .assurance = 2};
    struct receipt r = story_submit(s, &d);
    CHECK(r.verdict.admitted);
    CHECK_STR(r.verdict.code, "");
}

static void publish(struct story *s, const char *folder)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct law_pack_source pack;
    CHECK_OK(law_read_folder(ctx, folder, &pack));
    /* Without its stories, which are most of its bytes and say nothing to the gate. */
    struct law_file *files = ARENA_ARRAY(ctx->arena, struct law_file, pack.count + 1);
    size_t count = 0;
    for (size_t i = 0; i < pack.count; i++) {
        if (!str_starts(pack.files[i].path, STR("test/"))) {
            files[count++] = pack.files[i];
        }
    }
    pack = (struct law_pack_source){files, count};
    story_publish(s, &pack);
}

static struct json one_field(struct story *s, const char *name, struct str value)
{
    struct json o = json_object();
    json_set(s->ctx->arena, &o, str_from(name), json_of_str(value));
    return o;
}

static void set_field(struct story *s, struct json *o, const char *name, struct str value)
{
    json_set(s->ctx->arena, o, str_from(name), json_of_str(value));
}

static void register_people(struct story *s)
{
    struct arena *a = s->ctx->arena;
    static const char *const groups[] = {"persons", "orgs"};
    for (size_t g = 0; g < 2; g++) {
        const struct json *list = json_get(&s->people, groups[g]);
        for (size_t i = 0; i < list->count; i++) {
            struct json f = one_field(s, "party.id", json_text(&list->items[i], "id"));
            set_field(s, &f, "party.kind", g == 0 ? STR("person") : STR("org"));
            const struct json *facts = json_get(&list->items[i], "facts");
            for (size_t k = 0; k < facts->count; k++) {
                json_set(a, &f, facts->members[k].key, facts->members[k].value);
            }
            by_node(s, "register-party", f);
        }
    }
    const struct json *officers = json_get(&s->people, "officers");
    for (size_t i = 0; i < officers->count; i++) {
        const struct json *o = &officers->items[i];
        struct json f = one_field(s, "officer.id", json_text(o, "id"));
        set_field(s, &f, "officer.name", json_text(o, "name"));
        set_field(s, &f, "officer.office", json_text(o, "office"));
        json_set(a, &f, STR("officer.roles"), *json_get(o, "roles"));
        if (json_text(o, "person").n > 0) {
            set_field(s, &f, "officer.person", json_text(o, "person"));
        }
        by_node(s, "appoint-officer", f);
    }
    const struct json *admins = json_get(&s->people, "admins");
    for (size_t i = 0; i < admins->count; i++) {
        const struct json *o = &admins->items[i];
        struct json f = one_field(s, "admin.id", json_text(o, "id"));
        set_field(s, &f, "admin.name", json_text(o, "name"));
        set_field(s, &f, "admin.role", json_text(o, "role"));
        set_field(s, &f, "admin.person", json_text(o, "person"));
        by_node(s, "appoint-admin", f);
    }
    const struct json *relations = json_get(&s->people, "relations");
    for (size_t i = 0; i < relations->count; i++) {
        const struct json *r = &relations->items[i];
        struct json f = one_field(s, "relation.from", json_text(r, "from"));
        set_field(s, &f, "relation.to", json_text(r, "to"));
        set_field(s, &f, "relation.kind", json_text(r, "kind"));
        by_node(s, "relate-party", f);
    }
}

/* In place of the room that keeps the register of parties. */
static enum err describe(struct ctx *ctx, struct db *db, struct str party, struct json *ret)
{
    (void)db;
    *ret = json_object();
    json_set(ctx->arena, ret, STR("name"), json_of_str(party));
    return ERR_OK;
}

static const struct projector names = {.room = "names", .describe = describe};
static const struct projector *const rooms[] = {&names};

void story_open(struct story *s, struct test *t, struct ctx *ctx)
{
    story_open_with(s, t, ctx, rooms, LEN(rooms));
}

void story_open_with(struct story *s, struct test *t, struct ctx *ctx,
                     const struct projector *const *projectors, size_t count)
{
    static const uint8_t seed[32] = {1};
    static const uint8_t secret[32] = {2};
    struct str text;
    *s = (struct story){.t = t, .ctx = ctx};
    s->clock.world = *world_real();
    s->clock.world.self = &s->clock;
    s->clock.world.now = story_now;
    s->clock.world.mono_ns = story_mono_ns;
    s->clock.mono_ns = 1;
    ctx->world = &s->clock.world;
    struct day first = {0};
    must(day_parse(STR("2026-01-05"), &first));
    story_set_day(s, first);
    s->dir = temp_dir(ctx);
    CHECK_OK(file_read(ctx, "law/sample/people.json", 1 << 20, &text));
    CHECK_OK(json_parse(ctx, text, STR("people.json"), &s->people));
    CHECK_OK(store_open(ctx, s->dir, STORE_CREATE, &s->store));
    CHECK_OK(store_migrate(ctx, s->store));
    CHECK_OK(keyholder_in_memory(ctx, seed, secret, &s->keys));
    struct gate_config config = {.store = s->store,
                                 .keys = s->keys,
                                 .origin = STR("story.example/bh"),
                                 .node = STR("bh"),
                                 .rooms = projectors,
                                 .room_count = count};
    CHECK_OK(gate_new(ctx, &config, &s->gate));
    CHECK_OK(agenda_new(ctx, s->gate, s->store, &s->agenda));
    publish(s, "law/cn");
    publish(s, "law/cn-990101");
    register_people(s);
}

enum { STORIES_MOST = 500 };

struct path_list {
    struct ctx *ctx;
    const char *paths[STORIES_MOST];
    size_t count;
};

static void note_path(void *arg, const char *name, bool is_dir)
{
    struct path_list *l = arg;
    if (!is_dir && str_ends(str_from(name), STR(".json"))) {
        must(l->count < STORIES_MOST);
        l->paths[l->count++] = str_format(l->ctx->arena, "law/cn-990101/test/%s", name).p;
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t story_paths(struct ctx *ctx, const char *const **ret)
{
    struct path_list *l = ARENA_NEW(ctx->arena, struct path_list);
    l->ctx = ctx;
    must(ctx->world->list(ctx->world, "law/cn-990101/test", note_path, l) == 0);
    qsort(l->paths, l->count, sizeof(l->paths[0]), by_name);
    *ret = l->paths;
    return l->count;
}

/* ---- asking again ---- */

static void tell(void *arg, const struct replay_refusal *r)
{
    buf_format(arg, "%.*s %.*s %.*s%s\n", FMT(r->kind), FMT(r->verdict->check),
               FMT(r->verdict->code), r->verdict->article.text.n > 0 ? " by an article" : "");
}

struct str story_ask_again(struct story *s)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct buf out = buf_new(ctx->arena, 0);
    struct store *fresh = NULL;
    struct replay_report report;
    struct str dir = temp_dir(ctx);
    CHECK_OK(store_open(ctx, dir, STORE_CREATE, &fresh));
    CHECK_OK(store_migrate(ctx, fresh));
    CHECK_OK(replay_reask(ctx, s->gate, fresh, tell, &out, &report));
    CHECK_INT(report.refused, s->lax);
    CHECK_STR(report.first_wrong, "");
    store_close(fresh);
    test_folder_remove(str_z(ctx->arena, dir));
    return buf_str(&out);
}

void story_refill(struct story *s)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct gate_config config = gate_config_of(s->gate);
    config.origin = str_copy(ctx->arena, config.origin);
    config.node = str_copy(ctx->arena, config.node);
    agenda_free(s->agenda);
    gate_close(s->gate);
    CHECK_OK(store_views_version(ctx, s->store, STR("of another program")));
    CHECK_OK(replay_fill(ctx, &config, NULL, NULL));
    CHECK_OK(gate_new(ctx, &config, &s->gate));
    CHECK_OK(agenda_new(ctx, s->gate, s->store, &s->agenda));
}

void story_close(struct story *s)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct store *fresh = NULL;
    struct replay_report report = {0};
    struct str fresh_dir = temp_dir(ctx);
    CHECK_OK(store_open(ctx, fresh_dir, STORE_CREATE, &fresh));
    CHECK_OK(store_migrate(ctx, fresh));
    CHECK_OK(replay_run(ctx, s->gate, fresh, &report));
    CHECK(report.acts > 0);
    CHECK_INT(report.refused, s->lax);
    CHECK_STR(report.first_wrong, "");
    store_close(fresh);
    agenda_free(s->agenda);
    gate_close(s->gate);
    store_close(s->store);
    test_folder_remove(str_z(ctx->arena, fresh_dir));
    test_folder_remove(str_z(ctx->arena, s->dir));
    ctx->world = world_real();
}
