/* bill.h - what is to be paid and what was: payment numbers, and what the payment channel told.
 *
 * An act that makes something payable draws a payment number for its case and says what is due in
 * all (effect bill.due); a later act may say another sum. What came in (bill.pay), was paid in from
 * cash (bill.deposit) or went back (bill.refund) is told by who received it, each under a
 * transaction that counts once. Which acts those are, who may do them and what sums they may name
 * is law: this room only adds up, and holds that a number is of one case and a transaction told
 * once.
 *
 * Sums are fen. Strings live on ctx->arena.
 */
#pragma once

#include "act/act.h"

extern const struct projector bill_projector;

struct bill {
    struct str number;
    struct str case_id;
    int64_t due;      /* in all, as the last act has it */
    int64_t received; /* in all */
    int64_t refunded; /* in all */
    int64_t left;     /* still to be paid, not below 0 */
    int64_t owed;     /* to be paid back, not below 0 */
};
/* The bill of a payment number; *ret_found false when no case has drawn it. */
enum err bill_find(struct ctx *ctx, struct db *db, struct str number, struct bill *ret,
                   bool *ret_found) MUST_USE;
/* The bill of a case; *ret_found false when nothing was made payable in it. */
enum err bill_of_case(struct ctx *ctx, struct db *db, struct str case_id, struct bill *ret,
                      bool *ret_found) MUST_USE;
