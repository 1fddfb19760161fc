/* counts.c - how many connections an address has: in this process, and in those beside it.
 *
 * Fronts that serve one address share memory made before they were forked. Each writes a row of its
 * own, so that one which dies takes its connections' counts with it: whoever comes in its place
 * begins with an empty row. What is compared with a cap is the sum of all rows, after one's own was
 * raised; so two that come at once may both be refused at the last place, and never both be let in.
 *
 * A row has a place for each of many hashes of an address, under a key that all rows share and
 * nobody else knows: a stranger cannot choose an address that fills the place of another. */
#include <sys/mman.h>

#include "base/world.h"
#include "http/http_in.h"

static size_t bytes_of(int rows)
{
    return sizeof(struct http_counts) + (size_t)rows * sizeof(struct count_row);
}

enum err http_counts_new(struct ctx *ctx, int rows, struct http_counts **ret)
{
    must(rows > 0);
    struct http_counts *c = mmap(NULL, bytes_of(rows), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (c == MAP_FAILED) {
        return fault(ctx, ERR_MEMORY, "no memory to count connections in");
    }
    c->rows = rows;
    ctx->world->random(ctx->world, &c->key, sizeof(c->key));
    *ret = c;
    return ERR_OK;
}

void http_counts_free(struct http_counts *c)
{
    if (c != NULL) {
        munmap(c, bytes_of(c->rows));
    }
}

void counts_clear(struct http_counts *c, int row)
{
    must(row >= 0 && row < c->rows);
    for (size_t i = 0; i < IP_SLOTS; i++) {
        if (c->row[row].all[i] != 0 || c->row[row].strangers[i] != 0) { /* else no page is made */
            atomic_store(&c->row[row].all[i], 0);
            atomic_store(&c->row[row].strangers[i], 0);
        }
    }
}

void counts_out(struct http_counts *c, int row, uint32_t slot, bool is_stranger)
{
    atomic_fetch_sub(&c->row[row].all[slot], 1);
    if (is_stranger) {
        atomic_fetch_sub(&c->row[row].strangers[slot], 1);
    }
}

bool counts_in(struct http_counts *c, int row, uint32_t slot, int all_max, int strangers_max)
{
    int all = 0;
    int strangers = 0;
    atomic_fetch_add(&c->row[row].all[slot], 1);
    atomic_fetch_add(&c->row[row].strangers[slot], 1);
    for (int i = 0; i < c->rows; i++) {
        all += atomic_load(&c->row[i].all[slot]);
        strangers += atomic_load(&c->row[i].strangers[slot]);
    }
    bool fits = all <= all_max && strangers <= strangers_max;
    if (!fits) {
        counts_out(c, row, slot, true);
    }
    return fits;
}
