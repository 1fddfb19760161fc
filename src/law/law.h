/* law.h - the law in force as an immutable snapshot, read from packs (docs/law-packs.md).
 *
 * A snapshot is made once, when packs are published or the node starts, on an arena of its own; it
 * is never changed, so any thread may read it. All checking happens here: what law_load accepts has
 * no dangling reference, and pointers between the structs are resolved, so the gate does no look-up
 * by name in its hot path. Nothing here knows an act's state, a store, or a clock.
 *
 * This is the whole face of the room; each part can be included by itself.
 */
#pragma once

#include "law/access.h"
#include "law/find.h"
#include "law/list.h"
#include "law/model.h"
#include "law/pack.h"
#include "law/power.h"
#include "law/term.h"
#include "law/text.h"
