# The only build file. Targets: all (default), run, test, bench, prove, unit, check, clean.
#
# Source lists are globs: every .c in a room is built; test_*.c go to the test runner, and
# query.sql, page_*.html and *.table have generated twins under build/gen.

CC       := $(if $(filter default,$(origin CC)),gcc,$(CC))
# make V=1 shows the commands
Q        := $(if $(V),,@)
CONFIG   ?= release
B        := build/$(CONFIG)
GEN      := build/gen

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wvla \
        -Wpointer-arith -Wcast-qual -Wwrite-strings -Wswitch-enum -Wundef -Wformat=2 -Wimplicit-fallthrough \
        -Wnull-dereference -Wdouble-promotion -Wconversion -Wredundant-decls -Wframe-larger-than=16384 -Werror
HARDEN := -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fcf-protection=full \
          -ftrivial-auto-var-init=zero
SAN_asan := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SAN_tsan := -O1 -fsanitize=thread -fno-omit-frame-pointer
OPT_release := -O2 $(HARDEN)
OPT_asan := $(SAN_asan)
OPT_tsan := $(SAN_tsan)

PKGS := openssl sqlite3 libpq libxml-2.0 libcurl libseccomp libpcre2-8 zlib libargon2 libqrencode
export SOURCE_DATE_EPOCH ?= 1767225600

CFLAGS  := -std=c17 -D_GNU_SOURCE -g $(WARN) $(OPT_$(CONFIG)) -fPIE -Isrc -I$(GEN) \
           -isystem /usr/include/libxml2 -isystem /usr/include/postgresql \
           -ffile-prefix-map=$(CURDIR)=. -MMD -MP
comma   := ,
LDFLAGS := -pie $(if $(filter release,$(CONFIG)),-Wl$(comma)-z$(comma)relro$(comma)-z$(comma)now$(comma)-z$(comma)noexecstack,$(SAN_$(CONFIG)))
LDLIBS   = $(shell pkg-config --libs $(PKGS)) -lpthread -lm

SRC      := $(filter-out src/base/test_run.c,$(filter-out $(wildcard src/*/test_*.c),$(wildcard src/*/*.c)))
TEST_SRC := $(wildcard src/*/test_*.c)
MAIN_SRC := src/cli/main.c
LIB_OBJ  := $(patsubst src/%.c,$(B)/%.o,$(filter-out $(MAIN_SRC),$(SRC)))
MAIN_OBJ := $(patsubst src/%.c,$(B)/%.o,$(wildcard $(MAIN_SRC)))
TEST_OBJ := $(patsubst src/%.c,$(B)/%.o,$(TEST_SRC)) $(B)/gen/tests_gen.o
GEN_C    := $(GEN)/err_gen.c
GEN_H    := $(GEN)/err_gen.h $(GEN)/limit_gen.h $(GEN)/refusal_gen.h
-include tools/rules.mk

.PHONY: all run test bench prove unit check clean
.DEFAULT_GOAL := all
all: $(if $(MAIN_OBJ),build/tongban)

build/tongban: $(B)/tongban
	@mkdir -p $(@D)
	cp --remove-destination $< $@

$(B)/tongban: $(MAIN_OBJ) $(LIB_OBJ) $(GEN_OBJ)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/tests: $(TEST_OBJ) $(LIB_OBJ) $(GEN_OBJ)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# make run: set up, build, make a node with sample law and people, serve it. D=folder P=port
D ?= demo
P ?= 8080
run:
	@sh tools/setup.sh run
	@$(MAKE) -s -j$$(nproc) all
	build/tongban demo --dir $(D) --port $(P)

# make test: set up and test all. make bench: figures beside limits. make prove: the long runs.
test:
	@sh tools/setup.sh test
	@sh tools/test.sh

bench:
	@sh tools/setup.sh bench
	@sh tools/bench.sh

prove:
	@sh tools/setup.sh prove
	@sh tools/prove.sh

# unit tests of every room, in the present CONFIG: make unit CONFIG=asan [T=prefix]
unit: $(B)/tests
	$(B)/tests $(T)

$(B)/%.o: src/%.c | $(GEN_H)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<

$(B)/gen/%.o: $(GEN)/%.c | $(GEN_H)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<

$(GEN)/err_gen.h: src/base/err.table tools/tablegen.awk
	@mkdir -p $(@D)
	awk -v out=err_h -f tools/tablegen.awk $< > $@
$(GEN)/err_gen.c: src/base/err.table tools/tablegen.awk
	@mkdir -p $(@D)
	awk -v out=err_c -f tools/tablegen.awk $< > $@
$(GEN)/limit_gen.h: src/base/limit.table tools/tablegen.awk
	@mkdir -p $(@D)
	awk -v out=limit_h -f tools/tablegen.awk $< > $@
REFUSAL_SRC := $(sort $(wildcard src/gate/*.c) $(wildcard src/*/project.c))
$(GEN)/refusal_gen.h: $(REFUSAL_SRC) tools/refusalgen.awk
	@mkdir -p $(@D)
	@awk -f tools/refusalgen.awk $(REFUSAL_SRC) > $@.new && (cmp -s $@.new $@ || cp $@.new $@); rm -f $@.new
$(GEN)/tests_gen.c: $(TEST_SRC) tools/testgen.awk
	@mkdir -p $(@D)
	awk -f tools/testgen.awk $(TEST_SRC) > $@

check:
	sh tools/layers.sh

clean:
	rm -rf build

-include $(shell find build -name '*.d' 2>/dev/null)
