/* The only writer of the room's table, and what it holds of new acts: that a number drawn is no
 * other case's, and that a transaction is told once.
 *
 * A row an act and none is ever changed, because sums that are carried forward could be carried
 * wrongly, and because a value that is erased must leave what a replay leaves: its row without it.
 */
#include "base/json_make.h"
#include "base/str.h"
#include "bill/bill.h"
#include "bill_sql.h"
#include "limit_gen.h"

/* Whose transactions they are: of a client by its id. Cash is taken against receipts of one kind
 * for the whole node, so theirs are nobody's. */
static struct str teller_of(const struct draft *d)
{
    return d->actor.kind == ACTOR_CLIENT ? d->actor.id : STR("");
}

static struct bill_entry_add_in entry_of(const struct admitted *act)
{
    const struct json *f = &act->draft->fields;
    return (struct bill_entry_add_in){.seq = act->seq,
                                      .case_id = act->case_id,
                                      .number = json_text(f, "bill.number"),
                                      .due = -1,
                                      .teller = teller_of(act->draft),
                                      .transaction_id = json_text(f, "payment.id")};
}

/* Where nothing is to be paid (a warning) no number was drawn, and there is no bill. */
static enum err on_due(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct bill_entry_add_in row = entry_of(act);
    const struct json *f = &act->draft->fields;
    if (json_get(f, "bill.number") == NULL) {
        return ERR_OK;
    }
    row.due = json_int(f, "bill.due", -1);
    return bill_entry_add(ctx, db, row);
}

static enum err on_pay(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct bill_entry_add_in row = entry_of(act);
    row.received = json_int(&act->draft->fields, "payment.sum", 0);
    return bill_entry_add(ctx, db, row);
}

/* Cash that was counted when it was taken: its transaction only must not be told twice. */
static enum err on_deposit(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    return bill_entry_add(ctx, db, entry_of(act));
}

static enum err on_refund(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct bill_entry_add_in row = entry_of(act);
    row.refunded = json_int(&act->draft->fields, "payment.sum", 0);
    return bill_entry_add(ctx, db, row);
}

static enum err erase(struct ctx *ctx, struct db *db, const struct erasure *e)
{
    return bill_entry_erase(
        ctx, db,
        (struct bill_entry_erase_in){.seq = e->seq,
                                     .number = str_equal(e->fact, STR("bill.number")),
                                     .due = str_equal(e->fact, STR("bill.due")),
                                     .sum = str_equal(e->fact, STR("payment.sum")),
                                     .transaction = str_equal(e->fact, STR("payment.id"))});
}

static enum err look_number(struct ctx *ctx, struct db *db, const struct naming *n,
                            struct misnamed *ret)
{
    struct bill_entry_of_number_row row;
    struct str number = json_text(&n->draft->fields, "bill.number");
    bool found = false;
    if (number.n > 0) {
        TRY(bill_entry_of_number(ctx, db, (struct bill_entry_of_number_in){.number = number}, &row,
                                 &found));
    }
    if (found && !str_equal(row.case_id, n->draft->case_id)) {
        *ret = (struct misnamed){"form.taken", "bill.number"};
    }
    return ERR_OK;
}

static enum err look_transaction(struct ctx *ctx, struct db *db, const struct naming *n,
                                 struct misnamed *ret)
{
    struct bill_entry_of_transaction_row row;
    struct str id = json_text(&n->draft->fields, "payment.id");
    bool found = false;
    if (id.n > 0) {
        TRY(bill_entry_of_transaction(ctx, db,
                                      (struct bill_entry_of_transaction_in){
                                          .teller = teller_of(n->draft), .transaction_id = id},
                                      &row, &found));
    }
    if (found) {
        *ret = (struct misnamed){"form.taken", "payment.id"};
    }
    return ERR_OK;
}

enum err bill_of_case(struct ctx *ctx, struct db *db, struct str case_id, struct bill *ret,
                      bool *ret_found)
{
    struct bill_entry_of_case_row *rows = NULL;
    size_t count = 0;
    TRY(bill_entry_of_case(
        ctx, db, (struct bill_entry_of_case_in){.case_id = case_id, .count = LIMIT_CASE_ACTS},
        &rows, &count));
    *ret = (struct bill){.case_id = case_id};
    *ret_found = count > 0;
    for (size_t i = 0; i < count; i++) {
        ret->number = ret->number.n > 0 ? ret->number : rows[i].number;
        ret->due = rows[i].due >= 0 ? rows[i].due : ret->due;
        ret->received += rows[i].received;
        ret->refunded += rows[i].refunded;
    }
    int64_t open = ret->due - ret->received + ret->refunded;
    ret->left = open > 0 ? open : 0;
    ret->owed = open < 0 ? -open : 0;
    return ERR_OK;
}

enum err bill_find(struct ctx *ctx, struct db *db, struct str number, struct bill *ret,
                   bool *ret_found)
{
    struct bill_entry_of_number_row row;
    TRY(bill_entry_of_number(ctx, db, (struct bill_entry_of_number_in){.number = number}, &row,
                             ret_found));
    return *ret_found ? bill_of_case(ctx, db, row.case_id, ret, ret_found) : ERR_OK;
}

static const struct effect_row effects[] = {{"bill.due", on_due},
                                            {"bill.pay", on_pay},
                                            {"bill.deposit", on_deposit},
                                            {"bill.refund", on_refund}};
static const struct name_row names[] = {{"bill.due", look_number},
                                        {"bill.pay", look_transaction},
                                        {"bill.deposit", look_transaction},
                                        {"bill.refund", look_transaction}};

const struct projector bill_projector = {.room = "bill",
                                         .effects = effects,
                                         .effect_count = LEN(effects),
                                         .names = names,
                                         .name_count = LEN(names),
                                         .erase = erase};
