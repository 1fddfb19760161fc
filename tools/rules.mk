# Rules for generated code; read by the Makefile before it lists objects.

# ---- SQL: named statements and schemas to typed functions (tools/sqlc.c) ----
SQL_SRC   := $(sort $(wildcard src/*/schema.sql src/*/query.sql src/*/test_schema.sql src/*/test_query.sql src/*/steps.sql))
SQL_ROOMS := $(patsubst src/%/query.sql,%,$(filter %/query.sql,$(SQL_SRC)))
SQL_TESTS := $(patsubst src/%/test_query.sql,%,$(filter %/test_query.sql,$(SQL_SRC)))
SQL_H     := $(SQL_ROOMS:%=$(GEN)/%_sql.h) $(SQL_TESTS:%=$(GEN)/%_test_sql.h)
SQL_C     := $(SQL_ROOMS:%=$(GEN)/%_sql.c) $(GEN)/store_gen.c
SQL_TEST_C := $(SQL_TESTS:%=$(GEN)/%_test_sql.c) $(GEN)/store_test_gen.c
GEN_H     += $(SQL_H)
GEN_C     += $(SQL_C)
TEST_OBJ  += $(patsubst $(GEN)/%.c,$(B)/gen/%.o,$(SQL_TEST_C)) $(patsubst %.c,$(B)/%.o,$(wildcard sim/*.c))
CFLAGS    += -Isim

TOOL_BASE := src/base/arena.c src/base/buf.c src/base/str.c src/base/file.c src/base/fault.c src/base/world_real.c
build/tools/sqlc: tools/sqlc.c $(TOOL_BASE) $(wildcard src/base/*.h) $(GEN)/err_gen.c $(GEN)/err_gen.h $(GEN)/limit_gen.h
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c17 -D_GNU_SOURCE -O1 -g $(WARN) -Isrc -I$(GEN) -o $@ tools/sqlc.c $(TOOL_BASE) $(GEN)/err_gen.c -lsqlite3

# The stamp is newer than every input; the files themselves change only when their text does.
$(GEN)/sql.stamp: build/tools/sqlc $(SQL_SRC)
	build/tools/sqlc $(GEN) $(SQL_SRC)
	@touch $@
$(SQL_H) $(SQL_C) $(SQL_TEST_C): $(GEN)/sql.stamp ;

# What sqlc must refuse, and with which words.
.PHONY: check-sqlc
check: check-sqlc
check-sqlc: build/tools/sqlc
	sh tools/test_sqlc.sh build/tools/sqlc

# The unit tests with a private PostgreSQL beside them: make unit-pg [T=prefix]
.PHONY: unit-pg
unit-pg: $(B)/tests
	@dir=$$(mktemp -d) && rmdir $$dir; pg=$$(sh tools/pgtemp.sh start $$dir) || exit 1; \
	TONGBAN_PG="$$pg" $(B)/tests $(T); result=$$?; \
	sh tools/pgtemp.sh stop $$dir; exit $$result

$(B)/sim/%.o: sim/%.c | $(GEN_H)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<

# ---- HTML: page templates to typed render functions (tools/pagec.c) ----
PAGE_SRC := $(sort $(wildcard src/*/page_*.html src/web/frame*.html))
PAGE_C   := $(patsubst %.html,$(GEN)/%_html.c,$(notdir $(PAGE_SRC)))
GEN_C    += $(PAGE_C)
GEN_H    += $(PAGE_C:.c=.h)

build/tools/pagec: tools/pagec.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c17 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -o $@ $<

define PAGE_RULE
$(GEN)/$(basename $(notdir $(1)))_html.c: $(1) build/tools/pagec web/words/en.po
	@mkdir -p $$(@D)
	build/tools/pagec web/words/en.po $(GEN)/$(basename $(notdir $(1)))_html.h $$@ $(basename $(notdir $(1))) $(1)
$(GEN)/$(basename $(notdir $(1)))_html.h: $(GEN)/$(basename $(notdir $(1)))_html.c ;
endef
$(foreach page,$(PAGE_SRC),$(eval $(call PAGE_RULE,$(page))))

# ---- what the program serves as it is, inside the program ----
STATIC := web/tongban.css web/passkey.js
GEN_C  += $(GEN)/static_gen.c
GEN_OBJ := $(patsubst $(GEN)/%.c,$(B)/gen/%.o,$(GEN_C))
GEN_H  += $(GEN)/static_gen.h
$(GEN)/static_gen.c: $(STATIC) tools/embed.sh
	@mkdir -p $(@D)
	sh tools/embed.sh $(GEN)/static_gen.h $@ $(STATIC)
$(GEN)/static_gen.h: $(GEN)/static_gen.c ;

# ---- benches: every bench/NAME.c with a main, linked with the rooms ----
BENCH := $(filter-out crowd load program report stand,$(patsubst bench/%.c,%,$(wildcard bench/*.c)))
$(B)/bench/%.o: bench/%.c | $(GEN_H)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -Ibench -c -o $@ $<
$(BENCH:%=build/bench-%): build/bench-%: $(B)/bench/%.o $(B)/bench/crowd.o $(B)/bench/load.o $(B)/bench/program.o $(B)/bench/report.o $(B)/bench/stand.o $(LIB_OBJ) $(GEN_OBJ)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
.PHONY: benches
benches: $(BENCH:%=build/bench-%)

# ---- fuzz targets: fuzz/NAME.c; their corpus is replayed by make test, and grown by make prove (clang-19) ----
FUZZ := $(filter-out replay,$(patsubst fuzz/%.c,%,$(wildcard fuzz/*.c)))
$(B)/fuzz/%.o: fuzz/%.c | $(GEN_H)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<
$(FUZZ:%=$(B)/fuzz-%): $(B)/fuzz-%: $(B)/fuzz/%.o $(B)/fuzz/replay.o $(B)/sim/world_sim.o $(LIB_OBJ) $(GEN_OBJ)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
.PHONY: corpora
corpora: $(FUZZ:%=$(B)/fuzz-%)
	@for t in $(FUZZ); do $(B)/fuzz-$$t fuzz/corpus/$$t/* >/dev/null || { echo "fuzz/corpus/$$t breaks $$t"; exit 1; }; done
	@echo "corpora: $$(ls fuzz/corpus/*/* | wc -l) passed, 0 failed"

# ---- access: a route of which the law does not say who may see what fails the build ----
ROUTE_SRC := $(shell grep -lE '^ *\{"(GET|POST|PUT|DELETE)", "/' src/*/*.c)
$(GEN)/access.stamp: $(ROUTE_SRC) $(wildcard law/*/access/*.json) tools/access.sh
	$(Q)mkdir -p $(@D) && sh tools/access.sh >$@.log || { cat $@.log; exit 1; }
	@touch $@
all $(B)/tests: $(GEN)/access.stamp
.PHONY: check-access
check: check-access
check-access:
	sh tools/access.sh
