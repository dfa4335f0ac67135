# ringfence-ins: the isolated network stack as a local process, backend of region B; and the same with other stacks, which
# ins/Makefile makes by name.
INS := $(BUILD)/ringfence-ins

INS_COMMON := $(patsubst %,ins/%.c,accept attach calls counters datagrams loop main network transfer)
INS_LINUX := ins/stack_linux.c ins/options_linux.c ins/messages_linux.c ins/network_linux.c ins/counters_linux.c
INS_NETBSD := $(patsubst %,ins/netbsd/%.c,stack memory messages renew)
INS_EMULATION := $(wildcard ins/emulation/*.c) ins/netbsd/wait_one.c
INS_PROCESS := ins/sandbox.c ins/filter.c

INS_SOURCES := $(INS_COMMON) $(INS_PROCESS) $(INS_LINUX) $(INS_NETBSD) $(INS_EMULATION) ins/stacks_local.c
INS_SOURCES_linux := $(INS_COMMON) $(INS_PROCESS) $(INS_LINUX) ins/stacks_linux.c
INS_SOURCES_netbsd-on-linux := $(INS_COMMON) $(INS_PROCESS) $(INS_NETBSD) $(INS_EMULATION) ins/network_linux.c \
	ins/stacks_netbsd.c
INS_SOURCES_rump := $(INS_COMMON) ins/sandbox.c $(INS_NETBSD) ins/netbsd/network.c $(wildcard ins/rump/*.c) ins/stacks_rump.c
INS_SOURCES_rumprun := $(INS_COMMON) $(wildcard ins/rumprun/*.c) $(INS_NETBSD) ins/netbsd/network.c ins/netbsd/wait_one.c ins/stacks_netbsd.c \
	$(patsubst %,region/%.c,command order region ring record warm)

$(INS): $(INS_SOURCES:%.c=$(BUILD)/%.o) $(REGION)
$(BUILD)/ringfence-ins-linux: $(INS_SOURCES_linux:%.c=$(BUILD)/%.o) $(REGION)
$(BUILD)/ringfence-ins-netbsd-on-linux: $(INS_SOURCES_netbsd-on-linux:%.c=$(BUILD)/%.o) $(REGION)
$(INS) $(BUILD)/ringfence-ins-linux $(BUILD)/ringfence-ins-netbsd-on-linux:
	$(CC) $(PIE) $(LDFLAGS) -o $@ $^

ALL += $(INS)

# NetBSD's numbers in C, from the translator's own table: they stand once.
NETBSD_TABLE := ../syscall-translator-bundle/src/main/resources/org/ringfence/translator/linux-netbsd-abi.tsv
NETBSD_NUMBERS := $(BUILD)/ins/netbsd_numbers.h

$(NETBSD_NUMBERS): ins/netbsd.awk $(NETBSD_TABLE)
	@mkdir -p $(@D)
	awk -f ins/netbsd.awk $(NETBSD_TABLE) >$@

# And the options that pass, by its list of them.
OPTION_TABLE := ../syscall-translator-bundle/src/main/resources/org/ringfence/translator/options.tsv
OPTION_NUMBERS := $(BUILD)/ins/option_numbers.h

$(OPTION_NUMBERS): ins/options.awk $(NETBSD_TABLE) $(OPTION_TABLE)
	@mkdir -p $(@D)
	awk -f ins/options.awk $(NETBSD_TABLE) $(OPTION_TABLE) >$@

OPTION_OBJECTS := ins/options_linux.o ins/filter.o ins/test/options.o
OPTION_OBJECTS := $(OPTION_OBJECTS:%=$(BUILD)/%) $(OPTION_OBJECTS:%=$(BUILD)/asan/%)
$(OPTION_OBJECTS): CFLAGS += -I$(BUILD)/ins
$(OPTION_OBJECTS): | $(OPTION_NUMBERS)

NETBSD_OBJECTS := $(patsubst %.c,%.o,$(INS_NETBSD) $(INS_EMULATION) $(wildcard ins/rumprun/*.c) $(wildcard ins/test/netbsd*.c) ins/test/standin.c)
NETBSD_OBJECTS := $(NETBSD_OBJECTS:%=$(BUILD)/%) $(NETBSD_OBJECTS:%=$(BUILD)/asan/%)
$(NETBSD_OBJECTS): CFLAGS += -Iins -I$(BUILD)/ins
$(NETBSD_OBJECTS): | $(NETBSD_NUMBERS) $(OPTION_NUMBERS)

# With a rump kernel, RUMP=<prefix>, in a directory of its own, since the prefix is part of it. Its libraries refer to each
# other and to components that may be missing; each that is linked is there as a whole, since it announces itself.
RUMP ?=
RUMP_LIBRARIES := rumpnet_config rumpnet_virtif rumpnet_shmif rumpnet_netinet6 rumpnet_netinet rumpnet_net rumpnet rump rumpuser
RUMP_FOUND = $(foreach l,$(RUMP_LIBRARIES),$(if $(wildcard $(RUMP)/lib/lib$(l).so $(RUMP)/lib/lib$(l).a),-l$(l)))
RUMP_PIE = $(if $(wildcard $(RUMP)/lib/librump.so),$(PIE),-no-pie)
RUMP_BUILD := $(BUILD)/rump
RUMP_FLAGS :=

# Another prefix is other headers and libraries: everything anew.
.PHONY: rump-prefix
rump-prefix:
$(RUMP_BUILD)/prefix: rump-prefix
	@mkdir -p $(@D)
	@echo '$(RUMP)' | cmp -s - $@ || echo '$(RUMP)' >$@

$(RUMP_BUILD)/%.o: %.c $(RULES) $(RUMP_BUILD)/prefix | $(NETBSD_NUMBERS) $(OPTION_NUMBERS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(RUMP_FLAGS) -Iins -I$(BUILD)/ins -isystem $(RUMP)/include -MD -MP -c -o $@ $<

$(RUMP_BUILD)/ringfence-ins-rump: $(INS_SOURCES_rump:%.c=$(RUMP_BUILD)/%.o) $(REGION)
	$(CC) $(RUMP_PIE) -Wl,-z,relro,-z,noexecstack -pthread -o $@ $^ -L$(RUMP)/lib -Wl,-rpath,$(RUMP)/lib \
		-Wl,--allow-shlib-undefined -Wl,--no-as-needed -Wl,--whole-archive $(RUMP_FOUND) -Wl,--no-whole-archive -ldl -lrt

# For the unikernel: rumprun's compiler, and a build directory of its own (ins/Makefile gives both). "Baking" it with a
# platform is the user's next step. The compiler is told to search NetBSD's headers alone, which have no <stdatomic.h>: that is its own,
# and comes last. What it warns of, nobody has seen yet: that ends no build.
$(BUILD)/ringfence-ins-rumprun: CFLAGS = -std=gnu11 -O2 -g $(filter-out -Werror,$(WARNINGS)) -D_NETBSD_SOURCE -Iins -I$(BUILD)/ins \
	-Iins/rumprun/include -include ins/rumprun/foreign.h -idirafter $(COMPILERS_HEADERS)
$(BUILD)/ringfence-ins-rumprun: COMPILERS_HEADERS := $(shell $(CC) -print-file-name=include 2>/dev/null)
$(BUILD)/ringfence-ins-rumprun: $(INS_SOURCES_rumprun:%.c=$(BUILD)/%.o)
	$(CC) -o $@ $^

# A double of rumprun's compiler, for the tests: NetBSD's headers, and the names of its functions.
RUMPRUN_DOUBLE := $(BUILD)/rumprun-double
$(RUMPRUN_DOUBLE)/bin/x86_64-rumprun-netbsd-gcc: ins/rumprun/double/gcc ins/rumprun/double/headers ins/rumprun/double/functions
	@rm -rf $(RUMPRUN_DOUBLE)
	@mkdir -p $(@D) $(addprefix $(RUMPRUN_DOUBLE)/include/,sys arpa netinet)
	awk -v to=$(RUMPRUN_DOUBLE)/include/ '/^=== / { file = to $$2; print "#pragma once" >file; next } file != "" { print >file }' \
		ins/rumprun/double/headers
	cp ins/rumprun/double/functions $(RUMPRUN_DOUBLE)/
	cp ins/rumprun/double/gcc $@

.PHONY: ins-rumprun-double
ins-rumprun-double: $(RUMPRUN_DOUBLE)/bin/x86_64-rumprun-netbsd-gcc
	$(MAKE) --no-print-directory BUILD=$(RUMPRUN_DOUBLE)/build CC=$(abspath $<) $(RUMPRUN_DOUBLE)/build/ringfence-ins-rumprun

# A double of a rump kernel's prefix, for the tests: the names of its libraries, on the emulation.
RUMP_DOUBLE := $(BUILD)/rump-double
RUMP_DOUBLE_SOURCES := ins/rump/double/kernel.c $(filter-out ins/emulation/boot.c,$(wildcard ins/emulation/*.c))
RUMP_DOUBLE_OTHERS := $(patsubst %,$(RUMP_DOUBLE)/lib/lib%.so,$(filter-out rump,$(RUMP_LIBRARIES)))

$(RUMP_DOUBLE)/%.o: %.c $(RULES) | $(NETBSD_NUMBERS) $(OPTION_NUMBERS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -Iins -I$(BUILD)/ins -Iins/rump/double/include -MMD -MP -c -o $@ $<

$(RUMP_DOUBLE)/lib/librump.so: $(RUMP_DOUBLE_SOURCES:%.c=$(RUMP_DOUBLE)/%.o)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -shared -Wl,-Bsymbolic -o $@ $^ # the INS has functions of these names, too
	@cp -R ins/rump/double/include $(RUMP_DOUBLE)/

# The others are there to be found.
$(RUMP_DOUBLE_OTHERS): $(RUMP_DOUBLE)/lib/librump.so
	$(CC) -shared -o $@ -x c /dev/null

# As ins/Makefile builds it, but not where a user's own is; and as against a kernel after NetBSD 10.
INS_DOUBLED := $(RUMP_DOUBLE)/build/ringfence-ins-rump
INS_DOUBLED_LATE := $(RUMP_DOUBLE)/late/ringfence-ins-rump
.PHONY: ins-rump-double
ins-rump-double: $(RUMP_DOUBLE)/lib/librump.so $(RUMP_DOUBLE_OTHERS) $(REGION)
	$(MAKE) --no-print-directory RUMP=$(abspath $(RUMP_DOUBLE)) RUMP_BUILD=$(RUMP_DOUBLE)/build $(INS_DOUBLED)

.PHONY: ins-rump-late
ins-rump-late: ins-rump-double
	$(MAKE) --no-print-directory RUMP=$(abspath $(RUMP_DOUBLE)) RUMP_BUILD=$(RUMP_DOUBLE)/late \
		RUMP_FLAGS=-DRUMP_SYS_RENAME_KEVENT=rump___sysimpl_kevent100 $(INS_DOUBLED_LATE)

# Its tests: each ins/test/NAME.c but the parts is a program that plays the gateway to an INS it starts.
INS_TEST_PARTS := frontend frontend_datagrams
INS_TESTS := $(filter-out $(INS_TEST_PARTS),$(patsubst ins/test/%.c,%,$(wildcard ins/test/*.c)))
INS_TEST_PROGRAMS := $(INS_TESTS:%=$(BUILD)/ins/test/%)
INS_TEST_OBJECTS := $(INS_TEST_PARTS:%=$(BUILD)/ins/test/%.o) $(BUILD)/region/test/check.o

$(INS_TEST_PROGRAMS): %: %.o $(INS_TEST_OBJECTS) $(REGION)
	$(CC) $(PIE) $(LDFLAGS) -o $@ $^

# The emulation alone.
$(BUILD)/ins/test/standin: $(patsubst %.c,$(BUILD)/%.o,$(filter-out ins/emulation/boot.c,$(wildcard ins/emulation/*.c)))

# The NetBSD stack alone, on it.
$(BUILD)/ins/test/netbsd_stack: $(patsubst %.c,$(BUILD)/%.o,$(INS_NETBSD) $(INS_EMULATION) ins/network_linux.c)

# The filter alone, in a process that does what it forbids.
$(BUILD)/ins/test/filter: $(BUILD)/ins/filter.o

$(BUILD)/ins/test/rump_filter: $(BUILD)/ins/rump/filter.o

# The Linux stack alone.
$(BUILD)/ins/test/refused: $(INS_LINUX:%.c=$(BUILD)/%.o)

# The INS under gcc's sanitizers, which need more system calls than the sandbox leaves.
$(BUILD)/asan/ringfence-ins: $(patsubst %.c,$(BUILD)/asan/%.o,$(INS_SOURCES) $(wildcard region/*.c))
	$(CC) $(PIE) $(LDFLAGS) $(SANITIZE_asan) -o $@ $^
INS_SANITIZED := $(patsubst %,$(BUILD)/ins/test/%,accept bytes calls close chaos datagrams datagram_ends ancillary backpressure network counters options urgent \
	netbsd netbsd_datagrams)

.PHONY: test-ins test-ins-sanitized
test-ins-sanitized: $(INS_SANITIZED) $(BUILD)/asan/ringfence-ins
	@failed=; for t in $(INS_SANITIZED); do echo "== $$t, sanitized"; \
	RINGFENCE_INS=$(BUILD)/asan/ringfence-ins $$t || failed="$$failed $$t"; done; \
	if [ -n "$$failed" ]; then echo "failed:$$failed" >&2; exit 1; fi

test-ins: $(INS_TEST_PROGRAMS) $(INS) ins-rump-double ins-rump-late ins-rumprun-double $(BUILD)/ringfence-ins-linux $(BUILD)/ringfence-ins-netbsd-on-linux
	@failed=; for t in $(INS_TEST_PROGRAMS); do echo "== $$t"; $$t || failed="$$failed $$t"; done; \
	for i in $(INS_DOUBLED) $(INS_DOUBLED_LATE) $(BUILD)/ringfence-ins-netbsd-on-linux; do for t in netbsd netbsd_datagrams; do \
	echo "== $$t, $$i"; RINGFENCE_INS=$$i $(BUILD)/ins/test/$$t || failed="$$failed $$i"; done; done; \
	echo "== netbsd_datagrams, an old kernel"; RUMP_DOUBLE_OLD=1 RINGFENCE_INS=$(INS_DOUBLED) $(BUILD)/ins/test/netbsd_datagrams || \
	failed="$$failed old"; \
	ins/test/builds $(BUILD) || failed="$$failed builds"; \
	ins/behaviour check || failed="$$failed behaviour"; \
	if [ -n "$$failed" ]; then echo "failed:$$failed" >&2; exit 1; fi

TESTS += test-ins test-ins-sanitized
