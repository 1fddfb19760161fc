/* Every kind of act by every role at every step of a case: admitted if and only if an evaluator
 * written apart from the gate says so. The table it prints is law/cn/test/matrix.md. */
#include "cli/test_matrix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/token.h"
#include "gate/read.h"
#include "bpmn/state.h"

enum { ROWS_MOST = 4000, KINDS_OF_ROW = 64, STATES_MOST = 1000 };
static const char matrix_path[] = "law/cn/test/matrix.md";

struct matrix_row {
    struct str procedure;
    struct str state;
    struct str who;
    struct str kinds[KINDS_OF_ROW];
    size_t kind_count;
};
struct matrix {
    struct arena *arena;
    struct str states[STATES_MOST];
    size_t state_count;
    struct matrix_row rows[ROWS_MOST];
    size_t row_count;
};

struct matrix *matrix_new(struct arena *arena)
{
    struct matrix *m = ARENA_NEW(arena, struct matrix);
    m->arena = arena;
    return m;
}

static int by_text(const void *a, const void *b)
{
    const struct str *x = a;
    const struct str *y = b;
    size_t n = x->n < y->n ? x->n : y->n;
    int order = memcmp(x->p, y->p, n);
    return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

/* The tasks that wait, by their ids; of a closed case the status it ended in. */
static struct str state_name(struct ctx *ctx, const struct bpmn_process *p,
                             const struct bpmn_state *tokens, const struct case_state *c)
{
    struct str ids[64];
    size_t count = 0;
    struct buf b = buf_new(ctx->arena, 1 << 16);
    for (size_t i = 0; !c->closed && i < tokens->count && count < LEN(ids); i++) {
        const struct bpmn_element *e = &p->elements[tokens->tokens[i].element];
        if (e->kind == BPMN_TASK) {
            ids[count++] = e->id;
        }
    }
    qsort(ids, count, sizeof(ids[0]), by_text);
    for (size_t i = 0; i < count; i++) {
        buf_put(&b, i == 0 ? STR("") : STR(" + "));
        buf_put(&b, ids[i]);
    }
    return c->closed ? str_format(ctx->arena, "(%.*s)", FMT(c->status)) : buf_str(&b);
}

static struct matrix_row *row_of(struct matrix *m, struct str procedure, struct str state,
                                 struct str who)
{
    for (size_t i = m->row_count; i > 0; i--) {
        struct matrix_row *r = &m->rows[i - 1];
        if (str_equal(r->procedure, procedure) && str_equal(r->state, state) &&
            str_equal(r->who, who)) {
            return r;
        }
    }
    must(m->row_count < ROWS_MOST);
    struct matrix_row *r = &m->rows[m->row_count++];
    *r = (struct matrix_row){.procedure = str_copy(m->arena, procedure),
                             .state = str_copy(m->arena, state),
                             .who = str_copy(m->arena, who)};
    return r;
}

/* What one actor may do here joins the row of all who are as that actor is. */
static void ask(struct matrix *m, struct story *s, struct db *reader, const struct case_state *c,
                struct str procedure, struct str state, const struct actor *actor, struct str who)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct opening *list = NULL;
    size_t count = 0;
    CHECK_OK(gate_open(ctx, s->stage.gate, reader, c->id, actor, &list, &count));
    struct matrix_row *r = row_of(m, procedure, state, who);
    for (size_t i = 0; i < count; i++) {
        bool known = !list[i].verdict.admitted;
        for (size_t k = 0; k < r->kind_count && !known; k++) {
            known = str_equal(r->kinds[k], list[i].kind->kind);
        }
        if (!known) {
            must(r->kind_count < KINDS_OF_ROW);
            r->kinds[r->kind_count++] = str_copy(m->arena, list[i].kind->kind);
        }
    }
}

/* Officers elsewhere are asked for when a fact of the case names their office, or they sit in
 * another place. */
static bool concerns(const struct case_state *c, struct str office)
{
    const struct office *own = law_office(c->law, c->office);
    const struct office *other = law_office(c->law, office);
    bool named = false;
    for (size_t i = 0; i < c->facts.count && !named; i++) {
        named = str_equal(c->facts.members[i].value.text, office);
    }
    return named || own == other ||
           (own != NULL && other != NULL && !str_equal(own->place, other->place));
}

static void ask_officers(struct matrix *m, struct story *s, struct db *reader,
                         const struct case_state *c, struct str procedure, struct str state)
{
    const struct json *officers = json_get(&s->people, "officers");
    for (size_t i = 0; i < officers->count; i++) {
        const struct json *o = &officers->items[i];
        const struct json *roles = json_get(o, "roles");
        bool here = str_equal(json_text(o, "office"), c->office);
        for (size_t k = 0; k < roles->count && concerns(c, json_text(o, "office")); k++) {
            struct actor actor = {.kind = ACTOR_OFFICER,
                                  .id = json_text(o, "id"),
                                  .assurance = 2,
                                  .role = roles->items[k].text};
            ask(m, s, reader, c, procedure, state, &actor,
                here ? actor.role : STR("~ another office"));
        }
    }
}

static void ask_parties(struct matrix *m, struct story *s, struct db *reader,
                        const struct case_state *c, struct str procedure, struct str state)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    const struct json *persons = json_get(&s->people, "persons");
    for (size_t i = 0; i < persons->count; i++) {
        struct actor actor = {
            .kind = ACTOR_PARTY, .id = json_text(&persons->items[i], "id"), .assurance = 2};
        bool own = false;
        CHECK_OK(gate_speaks_for(ctx, s->stage.gate, reader, actor.id, c->party, c->item, &own));
        ask(m, s, reader, c, procedure, state, &actor, own ? STR("party") : STR("~ another party"));
    }
    struct actor node = {.kind = ACTOR_NODE, .assurance = 2};
    ask(m, s, reader, c, procedure, state, &node, STR("~ the node"));
}

void matrix_note(struct matrix *m, struct story *s, struct str case_id)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct db *reader = NULL;
    struct case_state c;
    bool found = false;
    CHECK_OK(store_reader(ctx, s->stage.store, &reader));
    CHECK_OK(gate_case(ctx, s->stage.gate, reader, case_id, &c, &found));
    const struct item *item = found ? law_item(c.law, c.item) : NULL;
    struct bpmn_state *tokens = NULL;
    if (item != NULL) {
        CHECK_OK(bpmn_state_read(ctx, item->procedure, c.tokens, &tokens));
        struct str state = state_name(ctx, item->procedure, tokens, &c);
        struct str key = str_format(ctx->arena, "%.*s %.*s", FMT(item->procedure_name), FMT(state));
        bool known = false;
        for (size_t i = 0; i < m->state_count && !known; i++) {
            known = str_equal(m->states[i], key);
        }
        if (!known) {
            must(m->state_count < STATES_MOST);
            m->states[m->state_count++] = str_copy(m->arena, key);
            ask_officers(m, s, reader, &c, item->procedure_name, state);
            ask_parties(m, s, reader, &c, item->procedure_name, state);
        }
    }
    db_close(reader);
}

static int by_row(const void *a, const void *b)
{
    const struct matrix_row *x = a;
    const struct matrix_row *y = b;
    int order = by_text(&x->procedure, &y->procedure);
    order = order != 0 ? order : by_text(&x->state, &y->state);
    return order != 0 ? order : by_text(&x->who, &y->who);
}

static struct str matrix_text(struct matrix *m, struct ctx *ctx)
{
    struct buf b = buf_new(ctx->arena, 1 << 24);
    struct str procedure = {0};
    buf_put(&b, STR("# Who may do what, in which state\n\nMade by the stories (`TONGBAN_GOLDEN=1 "
                    "build/release/tests "
                    "gate_stories`): in every state "
                    "they reach, every person of the\nsamples is asked for every kind of act; here "
                    "stands what the "
                    "gate would not refuse for who "
                    "acts, for which office, in which order\nand apart from whom. What is not "
                    "written is refused.\n"));
    qsort(m->rows, m->row_count, sizeof(m->rows[0]), by_row);
    for (size_t i = 0; i < m->row_count; i++) {
        struct matrix_row *r = &m->rows[i];
        if (!str_equal(procedure, r->procedure)) {
            procedure = r->procedure;
            buf_put(&b,
                    str_format(ctx->arena, "\n## %.*s\n\n| state | who | may |\n|---|---|---|\n",
                               FMT(procedure)));
        }
        if (r->kind_count == 0) {
            continue;
        }
        qsort(r->kinds, r->kind_count, sizeof(r->kinds[0]), by_text);
        buf_put(&b, str_format(ctx->arena, "| %.*s | %.*s | ", FMT(r->state), FMT(r->who)));
        for (size_t k = 0; k < r->kind_count; k++) {
            buf_put(&b, k == 0 ? STR("") : STR(", "));
            buf_put(&b, r->kinds[k]);
        }
        buf_put(&b, STR(" |\n"));
    }
    return buf_str(&b);
}

void matrix_check(struct matrix *m, struct test *t, struct ctx *ctx)
{
    struct str text = matrix_text(m, ctx);
    struct str golden = {0};
    if (getenv("TONGBAN_GOLDEN") != NULL) {
        FILE *f = fopen(matrix_path, "w");
        CHECK(f != NULL && fwrite(text.p, 1, text.n, f) == text.n);
        CHECK(f != NULL && fclose(f) == 0);
        return;
    }
    CHECK_OK(file_read(ctx, matrix_path, 1 << 22, &golden));
    size_t at = 0;
    while (at < text.n && at < golden.n && text.p[at] == golden.p[at]) {
        at++;
    }
    if (!str_equal(text, golden)) {
        size_t line = at;
        while (line > 0 && text.p[line - 1] != '\n') {
            line--;
        }
        struct str rest = str_slice(text, line, text.n);
        struct str now = str_cut(rest, '\n', &rest);
        printf("  %s is not what the gate now admits, from: %.*s\n  (TONGBAN_GOLDEN=1 writes it "
               "anew; look at the "
               "difference)\n",
               matrix_path, FMT(now));
    }
    CHECK(str_equal(text, golden));
}
