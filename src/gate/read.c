/* What pages and commands may read of the gate's own tables. Every function works on the caller's
 * reader connection; strings live on ctx->arena. */
#include "base/json_make.h"
#include "base/token.h"
#include "gate/gate_in.h"

#include <stdatomic.h>

#include "store/share.h"

enum { CASE_ACTS_MAX = LIMIT_CASE_ACTS };

/* In a front: law that was published since, by the process that writes. */
static enum err note_published(struct ctx *ctx, struct gate *g, struct db *db)
{
    int64_t told = store_told(g->store, STORE_WORD_LAW);
    if (g->front != NULL && told != atomic_load(&g->law_noted)) {
        TRY(book_note(ctx, g->book, db));
        book_show(g->book);
        atomic_store(&g->law_noted, told);
    }
    return ERR_OK;
}

static enum err law_now(struct ctx *ctx, struct gate *g, struct db *db, const struct law **ret)
{
    struct day today = instant_day(g->world->now(g->world));
    TRY(note_published(ctx, g, db));
    return book_law(ctx, g->book, db, book_visible(g->book), today, ret);
}

enum err gate_law(struct ctx *ctx, struct gate *g, struct db *reader, const struct law **ret)
{
    return law_now(ctx, g, reader, ret);
}

struct str gate_alarm(struct gate *g, struct arena *a)
{
    return book_alarm(g->book, instant_day(g->world->now(g->world)), a, NULL);
}

enum err gate_case(struct ctx *ctx, struct gate *g, struct db *reader, struct str id,
                   struct case_state *ret, bool *ret_found)
{
    struct gate_case_get_row row;
    TRY(gate_case_get(ctx, reader, (struct gate_case_get_in){.id = id}, &row, ret_found));
    if (!*ret_found) {
        return ERR_OK;
    }
    *ret = (struct case_state){.id = row.id,
                               .item = row.item,
                               .office = row.office,
                               .party = row.party,
                               .by = row.filed_by,
                               .status = row.status,
                               .opened = {(int32_t)row.opened_day},
                               .closed = row.closed != 0,
                               .first_seq = row.first_seq,
                               .last_seq = row.last_seq,
                               .tokens = row.tokens};
    TRY(json_parse(ctx, row.facts, STR("facts"), &ret->facts));
    struct gate_kept_get_row kept;
    TRY(gate_kept_get(ctx, reader, (struct gate_kept_get_in){.case_id = id}, &kept, &ret->kept));
    if (ret->kept) {
        ret->kept_day = (struct day){(int32_t)kept.day};
        ret->kept_at = kept.element;
        ret->kept_why = kept.why;
    }
    return book_law(ctx, g->book, reader, row.law_seq, (struct day){(int32_t)row.law_day},
                    &ret->law);
}

static enum clock_state state_of(const struct gate_clock_list_row *row, struct day today)
{
    if (row->ended_day >= 0) {
        return CLOCK_MET;
    }
    if (row->stopped_day >= 0) {
        return CLOCK_STOPPED;
    }
    return today.n > row->due_day ? CLOCK_LATE : CLOCK_RUNNING;
}

enum err gate_clocks(struct ctx *ctx, struct gate *g, struct db *reader, struct str case_id,
                     struct case_clock **ret, size_t *ret_count)
{
    struct case_state c;
    bool found = false;
    *ret_count = 0;
    TRY(gate_case(ctx, g, reader, case_id, &c, &found));
    if (!found) {
        return ERR_OK;
    }
    struct gate_clock_list_row *rows = NULL;
    size_t count = 0;
    TRY(gate_clock_list(ctx, reader, (struct gate_clock_list_in){.case_id = case_id}, &rows,
                        &count));
    struct case_clock *out = ARENA_ARRAY(ctx->arena, struct case_clock, count + 1);
    struct day today = instant_day(g->world->now(g->world));
    for (size_t i = 0; i < count; i++) {
        const struct limit *limit = law_limit(c.law, rows[i].limit_id);
        if (limit == NULL) {
            continue;
        }
        struct clock_row row;
        TRY(clock_read(ctx, limit, &rows[i], &row));
        struct clock_stop *stops = ARENA_ARRAY(ctx->arena, struct clock_stop, row.stops.count + 1);
        for (size_t k = 0; k < row.stops.count; k++) {
            const struct json *s = row.stops.items[k].items;
            stops[k] = (struct clock_stop){{(int32_t)s[STOP_FROM].int_value},
                                           {(int32_t)s[STOP_TO].int_value},
                                           s[STOP_KIND].text,
                                           s[STOP_SEQ].int_value};
        }
        out[(*ret_count)++] =
            (struct case_clock){.limit = limit,
                                .state = state_of(&rows[i], today),
                                .started = {(int32_t)rows[i].started_day},
                                .due = {(int32_t)rows[i].due_day},
                                .promised = {(int32_t)rows[i].promised_day},
                                .ended = {rows[i].ended_day < 0 ? 0 : (int32_t)rows[i].ended_day},
                                .stopped_by = rows[i].stopped_by,
                                .unserved = rows[i].paper >= 0 && rows[i].stopped_day >= 0,
                                .stops = stops,
                                .stop_count = row.stops.count,
                                .extended = rows[i].extra_n > 0,
                                .provisional = rows[i].provisional != 0};
    }
    *ret = out;
    return ERR_OK;
}

static enum err record_of(struct ctx *ctx, struct db *reader, int64_t seq, struct act_record *ret,
                          bool *ret_found)
{
    struct gate_entry_get_row entry;
    struct str text = {0};
    bool has_vault = false;
    TRY(gate_entry_get(ctx, reader, (struct gate_entry_get_in){.seq = seq}, &entry, ret_found));
    if (!*ret_found) {
        return ERR_OK;
    }
    TRY(vault_find(ctx, reader, seq, &text, &has_vault));
    if (!has_vault) {
        return fault(ctx, ERR_CORRUPT, "the vault lacks act %lld", (long long)seq);
    }
    struct vault_content v;
    TRY(vault_read(ctx, text, &v));
    struct json leaf;
    TRY(json_parse(ctx, entry.leaf, STR("leaf"), &leaf));
    *ret = (struct act_record){.seq = seq,
                               .leaf = entry.leaf,
                               .at = v.at,
                               .kind = v.draft.kind,
                               .case_id = json_text(&leaf, "case"),
                               .actor_kind = v.draft.actor.kind,
                               .actor = v.draft.actor.id,
                               .for_id = v.draft.actor.for_id,
                               .co_id = v.draft.actor.co_id,
                               .consent = v.draft.consent,
                               .role = v.draft.actor.role,
                               .office = json_text(&leaf, "office"),
                               .fields = v.draft.fields,
                               .has_sources = json_int(&leaf, "v", 0) >= 3,
                               .sources = v.sources,
                               .decided = v.decided};
    return ERR_OK;
}

enum err gate_act(struct ctx *ctx, struct gate *g, struct db *reader, int64_t seq,
                  struct act_record *ret, bool *ret_found)
{
    (void)g;
    return record_of(ctx, reader, seq, ret, ret_found);
}

enum err gate_case_acts(struct ctx *ctx, struct gate *g, struct db *reader, struct str case_id,
                        struct act_record **ret, size_t *ret_count)
{
    (void)g;
    struct gate_act_of_case_row *rows = NULL;
    size_t count = 0;
    TRY(gate_act_of_case(ctx, reader,
                         (struct gate_act_of_case_in){.case_id = case_id, .count = CASE_ACTS_MAX},
                         &rows, &count));
    struct act_record *out = ARENA_ARRAY(ctx->arena, struct act_record, count + 1);
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        TRY(record_of(ctx, reader, rows[i].seq, &out[i], &found));
    }
    *ret = out;
    *ret_count = count;
    return ERR_OK;
}

enum err gate_actor(struct ctx *ctx, struct gate *g, struct db *reader, struct str id,
                    struct actor_record *ret, bool *ret_found)
{
    return people_find(ctx, reader, id, instant_day(g->world->now(g->world)), ret, ret_found);
}

enum err gate_speaks_for(struct ctx *ctx, struct gate *g, struct db *reader, struct str actor,
                         struct str party, struct str item, bool *ret)
{
    const struct law *law = NULL;
    struct speaking s = {.matter = item, .any_matter = item.n == 0};
    TRY(law_now(ctx, g, reader, &law));
    return people_speaks_for(ctx, reader, law, actor, party, instant_day(g->world->now(g->world)),
                             &s, ret);
}

enum err gate_refusals(struct ctx *ctx, struct gate *g, struct db *reader, int64_t before_id,
                       size_t limit, struct refusal_record **ret, size_t *ret_count)
{
    (void)g;
    struct gate_refusal_list_row *rows = NULL;
    size_t count = 0;
    TRY(gate_refusal_list(ctx, reader,
                          (struct gate_refusal_list_in){.id = before_id, .count = (int64_t)limit},
                          &rows, &count));
    struct refusal_record *out = ARENA_ARRAY(ctx->arena, struct refusal_record, count + 1);
    for (size_t i = 0; i < count; i++) {
        out[i] = (struct refusal_record){rows[i].id,      {rows[i].at_ms}, rows[i].kind,
                                         rows[i].case_id, rows[i].actor,   rows[i].check_name,
                                         rows[i].code,    rows[i].article};
    }
    *ret = out;
    *ret_count = count;
    return ERR_OK;
}

/* ---- asking ---- */

enum err gate_ask(struct ctx *ctx, struct gate *g, struct db *reader, const struct draft *draft,
                  struct verdict *ret)
{
    struct question q;
    TRY(question_load(ctx, g, reader, draft, g->world->now(g->world), book_visible(g->book), &q));
    return question_judge(ctx, g, reader, &q, ret);
}

/* Kinds that make sense to show in a case: tasks the procedure could ever await, or whose status
 * fits. */
static bool is_candidate(const struct question *q, const struct act_kind *kind)
{
    if (kind->in_case != ACT_CASE_IN || (kind->who & ~(unsigned)WHO_CLOCK) == 0) {
        return false;
    }
    if (kind->task) {
        return q->state != NULL && bpmn_may(q->item->procedure, q->state, kind->kind);
    }
    bool right = kind->from_count == 0 || str_in(q->row.status, kind->from, kind->from_count);
    return right && service_awaited(q, kind);
}

static unsigned who_of(enum actor_kind kind)
{
    return kind == ACTOR_PARTY ? WHO_PARTY : kind == ACTOR_OFFICER ? WHO_OFFICER : WHO_ADMIN;
}

enum err gate_open(struct ctx *ctx, struct gate *g, struct db *reader, struct str case_id,
                   const struct actor *actor, struct opening **ret, size_t *ret_count)
{
    struct draft draft = {.case_id = case_id, .actor = *actor, .fields = json_object()};
    struct question q;
    *ret_count = 0;
    TRY(question_load(ctx, g, reader, &draft, g->world->now(g->world), book_visible(g->book), &q));
    if (!q.has_case || q.item == NULL) {
        return ERR_OK;
    }
    size_t count = 0;
    TRY(service_papers(ctx, reader, &q));
    const struct act_kind *kinds = law_acts(q.law, &count);
    struct opening *out = ARENA_ARRAY(ctx->arena, struct opening, count + 1);
    bool other_party = false; /* an act of others than the party of the case came before */
    for (size_t i = 0; i < count; i++) {
        if (!is_candidate(&q, &kinds[i]) || (kinds[i].who & who_of(actor->kind)) == 0) {
            continue;
        }
        draft.kind = kinds[i].kind;
        q.kind = &kinds[i];
        q.without_form = true;
        q.has_slots = false;
        bool others = kinds[i].party != NULL || kinds[i].interested != NULL;
        if (others || other_party) {
            other_party = others;
            TRY(load_people(ctx, g, reader, &q));
        }
        struct opening *o = &out[(*ret_count)++];
        o->kind = &kinds[i];
        checks_run(ctx, &q, &o->verdict);
    }
    *ret = out;
    return ERR_OK;
}

/* ---- the ledger as its reader needs it ---- */

static enum err read_hash(struct ctx *ctx, void *arg, unsigned level, uint64_t index,
                          uint8_t ret[32])
{
    struct db *db = arg;
    bool found = false;
    struct str hash = {0};
    if (level == 0) {
        struct gate_entry_get_row row;
        TRY(gate_entry_get(ctx, db, (struct gate_entry_get_in){.seq = (int64_t)index}, &row,
                           &found));
        hash = found ? row.hash : hash;
    } else {
        struct gate_hash_get_row row;
        TRY(gate_hash_get(ctx, db, (struct gate_hash_get_in){.level = level, .idx = (int64_t)index},
                          &row, &found));
        hash = found ? row.hash : hash;
    }
    if (hash.n != 32) {
        return fault(ctx, ERR_NOT_FOUND, "the ledger holds no hash %llu of level %u",
                     (unsigned long long)index, level);
    }
    memcpy(ret, hash.p, 32);
    return ERR_OK;
}

static enum err read_entry(struct ctx *ctx, void *arg, uint64_t index, struct str *ret)
{
    struct gate_entry_get_row row;
    bool found = false;
    TRY(gate_entry_get(ctx, arg, (struct gate_entry_get_in){.seq = (int64_t)index}, &row, &found));
    if (!found) {
        return fault(ctx, ERR_NOT_FOUND, "the ledger holds no entry %llu",
                     (unsigned long long)index);
    }
    *ret = row.leaf;
    return ERR_OK;
}

enum err gate_ledger_reader(struct ctx *ctx, struct gate *g, struct db *reader,
                            struct ledger_reader *ret)
{
    (void)ctx;
    (void)g;
    *ret = (struct ledger_reader){.self = reader, .hash = read_hash, .entry = read_entry};
    return ERR_OK;
}

enum err gate_checkpoint(struct ctx *ctx, struct gate *g, struct db *reader, struct str *ret_note,
                         uint64_t *ret_size)
{
    (void)g;
    struct gate_head_get_row row;
    bool found = false;
    TRY(gate_head_get(ctx, reader, &row, &found));
    *ret_note = found ? row.note : (struct str){0};
    *ret_size = found ? (uint64_t)row.size : 0;
    return ERR_OK;
}
