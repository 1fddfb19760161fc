/* dmn.c - decision tables and FEEL loops beside the same logic written by hand in C, in the same
 * run. Prints a table, and lines "BENCH name|value|unit|limit|ratio|peer" for build/bench.json.
 * With --write DIR it writes the table and its rows for the peers of bench/peers instead.
 *
 * The table has 20 rules over three numbers and three strings, FIRST. The limit is a chain of ifs
 * over integers and codes, made of the same 20 lines. Rows are random, so neither sees a branch
 * twice.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/decimal.h"
#include "base/json.h"
#include "base/str.h"
#include "base/world.h"
#include "dmn/batch.h"
#include "feel/value.h"
#include "report.h"

enum { ROWS = 4096, BIG_ROWS = 1 << 20, ROUNDS = 5, TABLES = 1000, WIDE_RULES = 1000, ITEMS = 100 };

/* ---- the table ------------------------------------------------------------------------------- */

/* number, age from..below, income in fen from..below, area in tenths from..below, kinds, districts,
 * statuses; -1 is open, 0 is "-". A rule's outputs are its class and its share. */
#define RULES(R)                                                                                   \
    R(1, -1, 18, -1, -1, -1, -1, 0, 0, 0)                                                          \
    R(2, 18, 25, -1, 150050, -1, -1, 1, 3, 0)                                                      \
    R(3, 18, 25, -1, 300000, -1, 600, 3, 0, 5)                                                     \
    R(4, 18, 30, 300000, 800000, -1, -1, 6, 12, 0)                                                 \
    R(5, 25, 35, -1, 250000, -1, 900, 0, 5, 3)                                                     \
    R(6, 25, 40, 250000, 500000, 300, 1200, 9, 0, 6)                                               \
    R(7, 30, 45, -1, 420075, -1, -1, 0, 10, 0)                                                     \
    R(8, 35, 50, 400000, 1200000, 600, -1, 5, 0, 0)                                                \
    R(9, 40, 55, -1, 600000, -1, 800, 10, 6, 1)                                                    \
    R(10, 45, 60, 200000, 700000, -1, -1, 0, 9, 2)                                                 \
    R(11, 50, 60, -1, 350000, 400, 1500, 12, 0, 0)                                                 \
    R(12, 55, 65, -1, 500000, -1, -1, 3, 5, 0)                                                     \
    R(13, 60, -1, -1, 300000, -1, 1000, 0, 0, 7)                                                   \
    R(14, 60, -1, 300000, 900000, -1, -1, 6, 3, 0)                                                 \
    R(15, -1, -1, -1, 100000, -1, 500, 0, 0, 4)                                                    \
    R(16, 18, -1, 900000, 2000000, 1200, -1, 8, 0, 0)                                              \
    R(17, 18, -1, -1, 800000, 200, 2000, 4, 8, 1)                                                  \
    R(18, -1, -1, 1500000, -1, -1, -1, 1, 0, 2)                                                    \
    R(19, -1, 70, 500000, -1, -1, -1, 0, 6, 0)                                                     \
    R(20, -1, -1, -1, -1, -1, -1, 0, 0, 0)

static const struct str words[3][4] = {
    {STR("worker"), STR("farmer"), STR("student"), STR("self-employed")},
    {STR("东城区"), STR("西城区"), STR("南山区"), STR("北湖区")},
    {STR("single"), STR("married"), STR("widowed"), STR("other")}};
static const char *const names[6] = {"age", "income", "area", "kind", "district", "status"};

struct person {
    int64_t n[3]; /* years; fen; tenths of a square metre */
    uint8_t code[3];
};

static bool within(int64_t v, int64_t from, int64_t below)
{
    return (from < 0 || v >= from) && (below < 0 || v < below);
}

/* By hand: the physical limit. */
static __attribute__((noinline)) uint16_t by_hand(const struct person *p)
{
#define HAND(number, a, b, c, d, e, f, k, l, m)                                                    \
    if (within(p->n[0], a, b) && within(p->n[1], c, d) && within(p->n[2], e, f) &&                 \
        ((k) == 0 || (k) >> p->code[0] & 1) && ((l) == 0 || (l) >> p->code[1] & 1) &&              \
        ((m) == 0 || (m) >> p->code[2] & 1)) {                                                     \
        return number;                                                                             \
    }
    RULES(HAND)
    return 0;
}

static void put_number(struct buf *b, int64_t v, int scale)
{
    struct feel_value x = feel_int(v);
    x.exp = (int16_t)-scale;
    buf_put(b, decimal_text(b->arena, feel_decimal(x)));
}

static void put_span(struct buf *b, int64_t from, int64_t below, int scale)
{
    buf_puts(b, "<inputEntry><text>");
    if (from >= 0 && below >= 0) {
        buf_byte(b, '[');
        put_number(b, from, scale);
        buf_puts(b, "..");
        put_number(b, below, scale);
        buf_byte(b, ')');
    } else if (from >= 0 || below >= 0) {
        buf_puts(b, from >= 0 ? "&gt;= " : "&lt; ");
        put_number(b, from >= 0 ? from : below, scale);
    } else {
        buf_byte(b, '-');
    }
    buf_puts(b, "</text></inputEntry>");
}

static void put_words(struct buf *b, int column, int mask)
{
    bool any = false;
    buf_puts(b, "<inputEntry><text>");
    for (int i = 0; i < 4; i++) {
        if ((mask >> i & 1) != 0) {
            buf_format(b, "%s\"%.*s\"", any ? ", " : "", FMT(words[column][i]));
            any = true;
        }
    }
    buf_puts(b, any ? "</text></inputEntry>" : "-</text></inputEntry>");
}

static void put_rule(struct buf *b, int number, const int64_t n[6], const int masks[3])
{
    static const int scales[3] = {0, 2, 1};
    buf_puts(b, "<rule>");
    for (int i = 0; i < 3; i++) {
        put_span(b, n[2 * i], n[2 * i + 1], scales[i]);
    }
    for (int i = 0; i < 3; i++) {
        put_words(b, i, masks[i]);
    }
    buf_format(b,
               "<outputEntry><text>\"class "
               "%d\"</text></outputEntry><outputEntry><text>%d.5</text></outputEntry></rule>\n",
               number, number);
}

/* The table as DMN; shift moves every bound of incomes, so that no two tables share their texts. */
static struct str table_xml(struct arena *a, int rules, int shift)
{
    struct buf b = buf_new(a, 0);
    buf_puts(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<definitions "
                 "xmlns=\"https://www.omg.org/spec/DMN/20191111/MODEL/\" "
                 "id=\"bench\" name=\"bench\" namespace=\"bench\">\n");
    for (int i = 0; i < 6; i++) {
        buf_format(&b,
                   "<inputData id=\"i%d\" name=\"%s\"><variable name=\"%s\" "
                   "typeRef=\"%s\"/></inputData>\n",
                   i, names[i], names[i], i < 3 ? "number" : "string");
    }
    buf_puts(&b, "<decision id=\"benefit\" name=\"benefit\"><variable name=\"benefit\"/>\n");
    for (int i = 0; i < 6; i++) {
        buf_format(
            &b, "<informationRequirement><requiredInput href=\"#i%d\"/></informationRequirement>\n",
            i);
    }
    buf_puts(&b, "<decisionTable id=\"t\" hitPolicy=\"FIRST\">\n");
    for (int i = 0; i < 6; i++) {
        buf_format(&b,
                   "<input id=\"c%d\"><inputExpression id=\"e%d\" "
                   "typeRef=\"%s\"><text>%s</text></inputExpression></input>\n",
                   i, i, i < 3 ? "number" : "string", names[i]);
    }
    buf_puts(&b, "<output id=\"o1\" name=\"class\" typeRef=\"string\"/><output id=\"o2\" "
                 "name=\"share\" typeRef=\"number\"/>\n");
    for (int base = 0; base < rules; base += 20) {
#define TEXT(number, a0, b0, c, d, e, f, k, l, m)                                                  \
    if (base + (number) <= rules) {                                                                \
        int64_t step = base * 1009 + shift;                                                        \
        bool last =                                                                                \
            (number) == 20 && base + 20 < rules; /* only the last rule takes all that is left */   \
        put_rule(&b, base + (number),                                                              \
                 (const int64_t[6]){last ? 200 : a0, last ? -1 : b0, (c) < 0 ? c : (c) + step,     \
                                    (d) < 0 ? d : (d) + step, e, f},                               \
                 (const int[3]){k, l, m});                                                         \
    }
        RULES(TEXT)
    }
    buf_puts(&b, "</decisionTable></decision></definitions>\n");
    return buf_str(&b);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static uint64_t dice = 42;
static uint32_t roll(uint32_t below)
{
    dice = dice * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((dice >> 33) % below);
}

static void throw_people(struct person *p, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        p[i] = (struct person){{roll(90), roll(1800000), roll(2500)},
                               {(uint8_t)roll(4), (uint8_t)roll(4), (uint8_t)roll(4)}};
    }
}

static void values_of(const struct person *p, struct feel_value row[6])
{
    for (int i = 0; i < 3; i++) {
        row[i] = feel_int(p->n[i]);
        row[i].exp = (int16_t) - (i == 1 ? 2 : i == 2);
        row[3 + i] = feel_string(words[i][p->code[i]]);
    }
}

static struct str json_of(struct arena *a, const struct person *p)
{
    struct buf b = buf_new(a, 0);
    buf_format(&b, "{\"age\":%lld,\"income\":", (long long)p->n[0]);
    put_number(&b, p->n[1], 2);
    buf_puts(&b, ",\"area\":");
    put_number(&b, p->n[2], 1);
    for (int i = 0; i < 3; i++) {
        buf_format(&b, ",\"%s\":\"%.*s\"", names[3 + i], FMT(words[i][p->code[i]]));
    }
    buf_byte(&b, '}');
    return buf_str(&b);
}

/* ---- measuring ------------------------------------------------------------------------------- */

struct bench {
    struct ctx ctx;
    struct dmn_model *model;
    const struct dmn_plan *plan;
    const struct dmn_plan *wide; /* of 1,000 rules */
    struct person *people;
    struct feel_value (*rows)[6];
    struct str *texts;
    struct person *many;
    struct dmn_column columns[6];
    struct dmn_column narrow[6]; /* the same, numbers in 32 bits */
    uint16_t *rules;
    struct str *tables;
    uint64_t sink;
};

typedef size_t work(struct bench *b); /* how many were done */

/* The processor's time, not the clock's: others may use the machine, and nothing here waits. */
static int64_t now_ns(void)
{
    struct timespec t;
    must(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0);
    return t.tv_sec * 1000000000 + t.tv_nsec;
}

static double rate(struct bench *b, work *w)
{
    struct arena_mark mark = arena_mark(b->ctx.arena);
    int64_t start = now_ns();
    int64_t end = start;
    size_t done = 0;
    while (end - start < bench_size(100000000, 1000000)) {
        done += w(b);
        arena_reset(b->ctx.arena, mark);
        end = now_ns();
    }
    return (double)done * 1e9 / (double)(end - start);
}

/* Interleaved, so that both see the same machine; the best of each. */
static void measure(struct bench *b, const char *name, const char *unit, work *ours, work *limit,
                    const char *peer)
{
    double best = 0;
    double most = 0;
    for (int i = 0; i < bench_size(ROUNDS, 1); i++) {
        double x = rate(b, ours);
        double y = rate(b, limit);
        best = x > best ? x : best;
        most = y > most ? y : most;
    }
    bench_report(name, best, unit, most, peer);
}

static size_t hand_rows(struct bench *b)
{
    for (size_t i = 0; i < ROWS; i++) {
        b->sink += by_hand(&b->people[i]);
    }
    return ROWS;
}

static size_t plan_rows(struct bench *b)
{
    for (size_t i = 0; i < ROWS; i++) {
        struct feel_value v;
        must(dmn_plan_row(&b->ctx, b->plan, b->rows[i], (struct instant){0}, &v) == ERR_OK);
        b->sink += v.n;
    }
    return ROWS;
}

static size_t wide_rows(struct bench *b)
{
    for (size_t i = 0; i < ROWS; i++) {
        struct feel_value v;
        must(dmn_plan_row(&b->ctx, b->wide, b->rows[i], (struct instant){0}, &v) == ERR_OK);
        b->sink += v.n;
    }
    return ROWS;
}

/* With troubles, the rules that fired and the articles they cite. */
static size_t explained_rows(struct bench *b)
{
    struct arena_mark mark = arena_mark(b->ctx.arena);
    for (size_t i = 0; i < ROWS; i++) {
        struct feel_entry inputs[6];
        struct dmn_result result;
        for (int k = 0; k < 6; k++) {
            inputs[k] = (struct feel_entry){str_from(names[k]), b->rows[i][k]};
        }
        must(dmn_evaluate(&b->ctx, b->model, STR("benefit"), feel_context(inputs, 6),
                          (struct instant){0}, &result) == ERR_OK);
        b->sink += result.fired_count;
        arena_reset(b->ctx.arena, mark);
    }
    return ROWS;
}

static size_t json_rows(struct bench *b)
{
    struct buf out = buf_new(b->ctx.arena, 0);
    for (size_t i = 0; i < ROWS; i++) {
        buf_clear(&out);
        must(dmn_plan_json(&b->ctx, b->plan, b->texts[i], (struct instant){0}, &out) == ERR_OK);
        b->sink += out.n;
    }
    return ROWS;
}

/* By hand: this layout of members and no other, nothing checked. */
static int64_t hand_number(const char **p)
{
    int64_t v = 0;
    for (; **p != ',' && **p != '}'; (*p)++) {
        v = **p == '.' ? v : v * 10 + (**p - '0');
    }
    return v;
}

static size_t hand_json(struct bench *b)
{
    struct buf out = buf_new(b->ctx.arena, 0);
    for (size_t i = 0; i < ROWS; i++) {
        struct person p;
        const char *at = b->texts[i].p + strlen("{\"age\":");
        static const size_t skips[] = {10, 8};
        for (int k = 0; k < 3; k++) {
            p.n[k] = hand_number(&at);
            at += k < 2 ? skips[k] : 0;
        }
        for (int k = 0; k < 3; k++) {
            at += strlen(names[3 + k]) + 5;
            const char *end = memchr(at, '"', 64);
            p.code[k] = 3;
            for (uint8_t w = 0; w < 3; w++) {
                p.code[k] = (size_t)(end - at) == words[k][w].n &&
                                    memcmp(at, words[k][w].p, words[k][w].n) == 0
                                ? w
                                : p.code[k];
            }
            at = end + 1;
        }
        uint16_t rule = by_hand(&p);
        buf_clear(&out);
        buf_puts(&out, "{\"class\":\"class ");
        buf_u64(&out, rule);
        buf_puts(&out, "\",\"share\":");
        buf_u64(&out, rule);
        buf_puts(&out, ".5}");
        b->sink += out.n;
    }
    return ROWS;
}

static size_t batch_rows_of(struct bench *b)
{
    must(dmn_plan_rules(&b->ctx, b->plan, b->columns, BIG_ROWS, b->rules) == ERR_OK);
    return BIG_ROWS;
}

static size_t narrow_rows_of(struct bench *b)
{
    must(dmn_plan_rules(&b->ctx, b->plan, b->narrow, BIG_ROWS, b->rules) == ERR_OK);
    return BIG_ROWS;
}

static size_t hand_batch(struct bench *b)
{
    for (size_t i = 0; i < BIG_ROWS; i++) {
        b->rules[i] = by_hand(&b->many[i]);
    }
    return BIG_ROWS;
}

static size_t compile_tables(struct bench *b)
{
    struct arena_mark mark = arena_mark(b->ctx.arena);
    for (size_t i = 0; i < TABLES; i++) {
        struct dmn_model *m = NULL;
        must(dmn_load(&b->ctx, b->tables[i], STR("bench.dmn"), &m) == ERR_OK);
        arena_reset(b->ctx.arena, mark);
    }
    return TABLES;
}

/* By hand: looking at every byte of the texts once. */
static size_t read_tables(struct bench *b)
{
    for (size_t i = 0; i < TABLES; i++) {
        for (size_t k = 0; k < b->tables[i].n; k++) {
            b->sink += b->tables[i].p[k] == '<';
        }
    }
    return TABLES;
}

/* ---- FEEL loops ------------------------------------------------------------------------------ */

struct item {
    struct str name;
    int64_t price, qty;
};
static struct item bag[ITEMS];
static struct feel_value items;
static const struct feel_program *loop;

static size_t feel_loops(struct bench *b)
{
    struct arena_mark mark = arena_mark(b->ctx.arena);
    enum { TIMES = 1000 };
    for (int i = 0; i < TIMES; i++) {
        struct feel_env env = {.slots = &items};
        struct feel_value v;
        must(feel_eval(&b->ctx, loop, &env, &v) == ERR_OK);
        b->sink += (uint64_t)v.integer;
        arena_reset(b->ctx.arena, mark);
    }
    return TIMES;
}

static __attribute__((noinline)) int64_t hand_loop(const struct item *list, size_t count)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t product = 0;
        if (list[i].price > 5000) {
            must(!__builtin_mul_overflow(list[i].price, list[i].qty, &product) &&
                 !__builtin_add_overflow(sum, product, &sum));
        }
    }
    return sum;
}

static size_t hand_loops(struct bench *b)
{
    enum { TIMES = 1000 };
    for (int i = 0; i < TIMES; i++) {
        b->sink += (uint64_t)hand_loop(bag, ITEMS);
    }
    return TIMES;
}

static void make_items(struct bench *b, const char *text)
{
    static const struct feel_member slot[] = {{STR("items"), NULL}};
    static const struct feel_scope scope = {.names = slot, .count = 1};
    struct feel_value *list = ARENA_ARRAY(b->ctx.arena, struct feel_value, ITEMS);
    for (int i = 0; i < ITEMS; i++) {
        struct feel_entry *e = ARENA_ARRAY(b->ctx.arena, struct feel_entry, 3);
        bag[i] = (struct item){STR("thing"), 1000 + 97 * i, i % 7 + 1};
        e[0] = (struct feel_entry){STR("name"), feel_string(bag[i].name)};
        e[1] = (struct feel_entry){STR("price"), feel_int(bag[i].price)};
        e[1].value.exp = -2;
        e[2] = (struct feel_entry){STR("qty"), feel_int(bag[i].qty)};
        list[i] = feel_context(e, 3);
    }
    items = feel_list(list, ITEMS);
    must(feel_compile(&b->ctx, &scope, (struct feel_source){.text = str_from(text)}, &loop) ==
         ERR_OK);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void check(struct bench *b)
{
    for (size_t i = 0; i < ROWS; i++) {
        struct feel_value v;
        uint16_t rule = by_hand(&b->people[i]);
        must(dmn_plan_row(&b->ctx, b->plan, b->rows[i], (struct instant){0}, &v) == ERR_OK);
        struct str class = str_format(b->ctx.arena, "class %u", rule);
        must(str_equal(feel_str(*feel_get(v, STR("class"))), class));
    }
    must(dmn_plan_rules(&b->ctx, b->plan, b->columns, BIG_ROWS, b->rules) == ERR_OK);
    for (size_t i = 0; i < BIG_ROWS; i++) {
        must(b->rules[i] == by_hand(&b->many[i]));
    }
    must(dmn_plan_rules(&b->ctx, b->plan, b->narrow, BIG_ROWS, b->rules) == ERR_OK);
    for (size_t i = 0; i < BIG_ROWS; i++) {
        must(b->rules[i] == by_hand(&b->many[i]));
    }
}

static void make_columns(struct bench *b)
{
    struct arena *a = b->ctx.arena;
    for (size_t c = 0; c < 6; c++) {
        int64_t *numbers = c < 3 ? ARENA_ARRAY(a, int64_t, BIG_ROWS) : NULL;
        int32_t *small = c < 3 ? ARENA_ARRAY(a, int32_t, BIG_ROWS) : NULL;
        uint8_t *codes = c < 3 ? NULL : ARENA_ARRAY(a, uint8_t, BIG_ROWS);
        for (size_t i = 0; i < BIG_ROWS; i++) {
            if (c < 3) {
                numbers[i] = b->many[i].n[c];
                small[i] = (int32_t)numbers[i];
            } else {
                codes[i] = b->many[i].code[c - 3];
            }
        }
        b->columns[c] = c < 3 ? (struct dmn_column){.form = DMN_COLUMN_I64,
                                                    .exp = (int16_t) - (c == 1 ? 2 : c == 2),
                                                    .data = numbers}
                              : (struct dmn_column){.form = DMN_COLUMN_TEXTS8,
                                                    .data = codes,
                                                    .texts = words[c - 3],
                                                    .text_count = 4};
        b->narrow[c] = b->columns[c];
        if (c < 3) {
            b->narrow[c].form = DMN_COLUMN_I32;
            b->narrow[c].data = small;
        }
    }
}

static void prepare(struct bench *b)
{
    struct ctx *ctx = &b->ctx;
    struct arena *a = ctx->arena;
    struct dmn_model *wide = NULL;
    b->people = ARENA_ARRAY(a, struct person, ROWS);
    b->rows = arena_push_array(a, ROWS, sizeof(*b->rows));
    b->texts = ARENA_ARRAY(a, struct str, ROWS);
    b->many = ARENA_ARRAY(a, struct person, BIG_ROWS);
    b->rules = ARENA_ARRAY(a, uint16_t, BIG_ROWS);
    b->tables = ARENA_ARRAY(a, struct str, TABLES);
    throw_people(b->people, ROWS);
    throw_people(b->many, BIG_ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        values_of(&b->people[i], b->rows[i]);
        b->texts[i] = json_of(a, &b->people[i]);
    }
    for (int i = 0; i < TABLES; i++) {
        b->tables[i] = table_xml(a, 20, i);
    }
    make_columns(b);
    must(dmn_load(ctx, table_xml(a, 20, 0), STR("bench.dmn"), &b->model) == ERR_OK);
    must(dmn_load(ctx, table_xml(a, WIDE_RULES, 0), STR("wide.dmn"), &wide) == ERR_OK);
    must(dmn_plan_make(ctx, b->model, STR("benefit"), &b->plan) == ERR_OK &&
         dmn_plan_is_direct(b->plan));
    must(dmn_plan_make(ctx, wide, STR("benefit"), &b->wide) == ERR_OK &&
         dmn_plan_is_direct(b->wide));
}

static void write_file(const char *dir, const char *name, struct str text)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    must(f != NULL && fwrite(text.p, 1, text.n, f) == text.n && fclose(f) == 0);
}

static void write_for_peers(struct bench *b, const char *dir)
{
    struct buf rows = buf_new(b->ctx.arena, 0);
    buf_byte(&rows, '[');
    for (size_t i = 0; i < ROWS; i++) {
        buf_puts(&rows, i == 0 ? "" : ",\n");
        buf_format(&rows, "{\"class\":\"class %u\",\"in\":%.*s}", by_hand(&b->people[i]),
                   FMT(b->texts[i]));
    }
    buf_puts(&rows, "]\n");
    write_file(dir, "table.dmn", table_xml(b->ctx.arena, 20, 0));
    write_file(dir, "rows.json", buf_str(&rows));
}

int main(int argc, char **argv)
{
    struct bench b = {.ctx = {.arena = arena_new((size_t)1 << 30), .world = world_real()}};
    must(b.ctx.arena != NULL);
    prepare(&b);
    if (argc == 3 && strcmp(argv[1], "--write") == 0) {
        write_for_peers(&b, argv[2]);
        return 0;
    }
    bench_begin(argc, argv);
    check(&b);
    measure(&b, "20 x 6 FIRST table, row of typed values", "rows/s", plan_rows, hand_rows,
            "the table by hand in C");
    measure(&b, "20 x 6 FIRST table, with rules, inputs, articles", "rows/s", explained_rows,
            hand_rows, "the table by hand in C");
    measure(&b, "20 x 6 FIRST table, JSON to JSON", "rows/s", json_rows, hand_json,
            "by hand in C for one layout, unchecked");
    measure(&b, "20 x 6 FIRST table, columns of a million rows", "rows/s", narrow_rows_of,
            hand_batch, "the table by hand in C, row by row");
    measure(&b, "the same, numbers in 64 bits", "rows/s", batch_rows_of, hand_batch,
            "the table by hand in C, row by row");
    measure(&b, "1,000 x 6 FIRST table, row of typed values", "rows/s", wide_rows, plan_rows,
            "the same of 20 rules");
    measure(&b, "tables of 20 x 6 compiled from XML", "tables/s", compile_tables, read_tables,
            "each byte looked at once");
    make_items(&b, "sum(for i in items[price > 50] return i.price * i.qty)");
    measure(&b, "FEEL: sum(for i in items[..] return ..), 100 items", "lists/s", feel_loops,
            hand_loops, "integers in C, checked");
    make_items(&b, "sum(for i in items[price > 50 and qty > 0] return i.price * i.qty)");
    measure(&b, "FEEL: the same filtered by two conditions", "lists/s", feel_loops, hand_loops,
            "integers in C, checked");
    arena_free(b.ctx.arena);
    return b.sink == 0;
}
