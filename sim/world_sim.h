/* world_sim.h - a world in memory, made of a seed: the same calls give the same bytes, times and
 * faults.
 *
 * Files have two images, as on a disk with a cache: what a program reads back (live), and what is
 * on the disk for sure (durable: synced, in a synced directory). sim_power_loss makes a new world
 * as it may be found after the power went: each write, truncation and directory change that was not
 * synced is there, or not, or torn at 512 bytes; directory changes survive in the order they were
 * made.
 *
 * Faults are switched by the test: the nth call of a kind fails, the disk is full or read-only, the
 * machine stops at the nth change. Time stands still until sim_advance. Safe from several threads,
 * but only deterministic from one.
 */
#pragma once

#include "base/world.h"

enum sim_op {
    SIM_OPEN,
    SIM_READ,
    SIM_WRITE,
    SIM_SYNC,
    SIM_TRUNCATE,
    SIM_REMOVE,
    SIM_RENAME,
    SIM_MKDIR,
    SIM_SYNC_DIR,
    SIM_CHANGE, /* any of write, sync, truncate, remove, rename, mkdir, sync_dir, creating open */
    SIM_OP_COUNT
};

/* An empty world; its clock starts at 2026-01-05T01:00:00Z. Freed with sim_free, with all its
 * files. */
struct world *sim_new(uint64_t seed);
void sim_free(struct world *w);

void sim_advance(struct world *w, struct span by);
/* Step the wall clock alone, as an operator or a broken time server would. */
void sim_clock_jump(struct world *w, struct span by);

/* How many calls of a kind there were. */
uint64_t sim_calls(const struct world *w, enum sim_op op);
/* The nth call of this kind from now (1 = the next) answers -error without doing anything; a
 * persistent fault goes on with every call after it. nth 0 takes the fault away. The error
 * SIM_SHORT, for reads and writes, does a part of the bytes and says so: 1 of every 2, at least 1.
 */
enum { SIM_SHORT = 100000 };
void sim_fail(struct world *w, enum sim_op op, uint64_t nth, int error, bool persistent);
/* True when a fault set by sim_fail was met. */
bool sim_failed(const struct world *w);
/* Bytes of all files together; a write beyond them is short, and -ENOSPC when not one byte fits. 0:
 * no bound. */
void sim_capacity(struct world *w, int64_t bytes);
int64_t sim_used(const struct world *w);
void sim_read_only(struct world *w, bool on);
/* The machine stops before the nth change from now: every call after it answers -EIO. */
void sim_stop_at(struct world *w, uint64_t nth);

/* Call fn before each change, with the disk as it is then: it may look (sim_power_loss), not touch.
 * NULL: no more. */
void sim_before_change(struct world *w, void (*fn)(void *arg), void *arg);

enum sim_loss {
    SIM_DROP,   /* nothing that was not synced is there */
    SIM_KEEP,   /* all of it */
    SIM_SUBSET, /* each change by chance */
    SIM_TORN    /* each 512 bytes of each write by chance */
};
/* The world after a loss of power now, without open files and faults. The old world stays. */
struct world *sim_power_loss(struct world *w, uint64_t seed, enum sim_loss how);

/* A digest of every call so far and its result: two runs of a seed must agree. */
uint64_t sim_trace(const struct world *w);
