/* lending.c - the list of what is lent, and who reads it. No lock: a process may be killed or
 * stopped between any two instructions.
 *
 * A place of the list has a state that only counts up: odd while a snapshot is lent, even when it
 * is not. A front reads the state, then what stands there, counts itself in, and reads the state
 * again: the same odd number says that what it read belongs together, and that it was counted
 * before the lender dropped it. The lender drops by the next number and then looks at the counts.
 * All of this is sequentially consistent, so of two who come together at least one sees the other:
 * the front goes away without the snapshot, or the lender waits.
 *
 * The list lies in the region, which fronts cannot write; the counts lie beside it, a row a front.
 */
#include "book/lending.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/str.h"
#include "law/shelf.h"
#include "limit_gen.h"

struct place {
    atomic_uint state;
    _Atomic int64_t law_seq;
    _Atomic int32_t from;
    _Atomic int32_t until;
    const struct law *_Atomic law;
    const char *_Atomic alarm;
};
/* In the region. */
struct list {
    atomic_int used; /* places ever used */
    struct place place[LOANS_MAX];
};
/* Beside it. */
struct row {
    _Alignas(64) atomic_int pins[LOANS_MAX];
};
struct counts {
    atomic_int rows; /* ever used */
    atomic_bool found[LOANS_MAX];
    struct row row[LIMIT_FRONTS];
};

struct law_loans {
    struct region *region;
    struct arena *head; /* of the list */
    struct list *list;
    struct counts *counts;
};

enum err law_loans_new(struct ctx *ctx, struct law_loans **ret)
{
    struct law_loans *l = ARENA_NEW(ctx->arena, struct law_loans);
    void *counts = mmap(NULL, sizeof(*l->counts), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (counts == MAP_FAILED) {
        return fault(ctx, ERR_MEMORY, "no memory for who reads which law");
    }
    l->counts = counts;
    enum err e = region_new(ctx, REGION_SHARED, LAW_REGION_BYTES, &l->region);
    l->head = e == ERR_OK ? region_arena(l->region, sizeof(*l->list)) : NULL;
    if (l->head == NULL) {
        law_loans_free(l);
        return e == ERR_OK ? fault(ctx, ERR_MEMORY, "no memory for the list of law") : e;
    }
    /* Zeros as the system gives them: pushing would touch it all. */
    l->list = (struct list *)(void *)arena_push_bytes(l->head, sizeof(*l->list));
    *ret = l;
    return ERR_OK;
}

void law_loans_free(struct law_loans *l)
{
    if (l != NULL) {
        munmap(l->counts, sizeof(*l->counts));
        arena_free(l->head);
        region_free(l->region);
    }
}

/* ---- the lender ---- */

struct region *loans_region(struct law_loans *l)
{
    return l->region;
}

int loans_put(struct law_loans *l, const struct loan *loan)
{
    int at = 0;
    while (at < LOANS_MAX && atomic_load(&l->list->place[at].law) != NULL) {
        at++;
    }
    if (at == LOANS_MAX) {
        return -1;
    }
    struct place *p = &l->list->place[at];
    atomic_store(&p->law_seq, loan->law_seq);
    atomic_store(&p->from, loan->from.n);
    atomic_store(&p->until, loan->until.n);
    atomic_store(&p->law, loan->law);
    atomic_store(&p->alarm, loan->alarm);
    must(atomic_fetch_add(&p->state, 1) % 2 == 0);
    if (at >= atomic_load(&l->list->used)) {
        atomic_store(&l->list->used, at + 1);
    }
    return at;
}

void loans_drop(struct law_loans *l, int at)
{
    must(atomic_fetch_add(&l->list->place[at].state, 1) % 2 == 1);
}

bool loans_unread(const struct law_loans *l, int at)
{
    int rows = atomic_load(&l->counts->rows);
    for (int i = 0; i < rows; i++) {
        if (atomic_load(&l->counts->row[i].pins[at]) > 0) {
            return false;
        }
    }
    return true;
}

bool loans_was_found(struct law_loans *l, int at)
{
    return atomic_exchange(&l->counts->found[at], false);
}

void loans_forget(struct law_loans *l, int at)
{
    must(atomic_load(&l->list->place[at].state) % 2 == 0);
    atomic_store(&l->list->place[at].law, NULL);
}

/* ---- fronts ---- */

enum err law_loans_read_only(struct ctx *ctx, struct law_loans *l)
{
    return region_read_only(ctx, l->region);
}

void loans_join(struct law_loans *l, int row)
{
    must(row >= 0 && row < LIMIT_FRONTS);
    int used = atomic_load(&l->list->used);
    for (int i = 0; i < used; i++) { /* of one that died here */
        atomic_store(&l->counts->row[row].pins[i], 0);
    }
    int rows = atomic_load(&l->counts->rows);
    while (rows <= row && !atomic_compare_exchange_weak(&l->counts->rows, &rows, row + 1)) {
    }
}

int loans_pin(struct law_loans *l, int row, int64_t law_seq, struct day day, const struct law **ret)
{
    int used = atomic_load(&l->list->used);
    for (int i = 0; i < used; i++) {
        struct place *p = &l->list->place[i];
        unsigned state = atomic_load(&p->state);
        const struct law *law = atomic_load(&p->law);
        if (state % 2 == 0 || atomic_load(&p->law_seq) != law_seq ||
            day.n < atomic_load(&p->from) || day.n >= atomic_load(&p->until)) {
            continue;
        }
        atomic_fetch_add(&l->counts->row[row].pins[i], 1);
        if (atomic_load(&p->state) == state) {
            if (!atomic_load_explicit(&l->counts->found[i], memory_order_relaxed)) {
                atomic_store(&l->counts->found[i], true);
            }
            *ret = law;
            return i;
        }
        atomic_fetch_sub(&l->counts->row[row].pins[i], 1);
    }
    return -1;
}

void loans_unpin(struct law_loans *l, int row, int at)
{
    must(atomic_fetch_sub(&l->counts->row[row].pins[at], 1) > 0);
}

void loans_alarm(struct law_loans *l, int row, int64_t law_seq, struct day day, char *text,
                 size_t size)
{
    const struct law *law = NULL;
    int at = loans_pin(l, row, law_seq, day, &law);
    if (at >= 0) {
        snprintf(text, size, "%s", atomic_load(&l->list->place[at].alarm));
        loans_unpin(l, row, at);
    }
}
