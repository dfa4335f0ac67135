# ringfence-ins: the isolated network stack as a local process, backend of region B.
INS := $(BUILD)/ringfence-ins

$(INS): $(patsubst %.c,$(BUILD)/%.o,$(wildcard ins/*.c)) $(REGION)
	$(CC) $(PIE) $(LDFLAGS) -o $@ $^

ALL += $(INS)

# NetBSD's numbers in C, from the translator's own table: they stand once.
NETBSD_TABLE := ../syscall-translator-bundle/src/main/resources/org/ringfence/translator/linux-netbsd-abi.tsv
NETBSD_NUMBERS := $(BUILD)/ins/netbsd_numbers.h

$(NETBSD_NUMBERS): ins/netbsd.awk $(NETBSD_TABLE)
	@mkdir -p $(@D)
	awk -f ins/netbsd.awk $(NETBSD_TABLE) >$@

NETBSD_OBJECTS := $(patsubst %,ins/%.o,stack_netbsd options_netbsd test/netbsd)
NETBSD_OBJECTS := $(NETBSD_OBJECTS:%=$(BUILD)/%) $(NETBSD_OBJECTS:%=$(BUILD)/asan/%)
$(NETBSD_OBJECTS): CFLAGS += -Iins -I$(BUILD)/ins
$(NETBSD_OBJECTS): | $(NETBSD_NUMBERS)

# Its tests: each ins/test/NAME.c but the parts is a program that plays the gateway to an INS it starts.
INS_TEST_PARTS := frontend frontend_datagrams
INS_TESTS := $(filter-out $(INS_TEST_PARTS),$(patsubst ins/test/%.c,%,$(wildcard ins/test/*.c)))
INS_TEST_PROGRAMS := $(INS_TESTS:%=$(BUILD)/ins/test/%)
INS_TEST_OBJECTS := $(INS_TEST_PARTS:%=$(BUILD)/ins/test/%.o) $(BUILD)/region/test/check.o

$(INS_TEST_PROGRAMS): %: %.o $(INS_TEST_OBJECTS) $(REGION)
	$(CC) $(PIE) $(LDFLAGS) -o $@ $^

# The filter alone, in a process that does what it forbids.
$(BUILD)/ins/test/filter: $(BUILD)/ins/filter.o

# The INS under gcc's sanitizers, which need more system calls than the sandbox leaves.
$(BUILD)/asan/ringfence-ins: $(patsubst %.c,$(BUILD)/asan/%.o,$(wildcard ins/*.c) $(wildcard region/*.c))
	$(CC) $(PIE) $(LDFLAGS) $(SANITIZE_asan) -o $@ $^
INS_SANITIZED := $(patsubst %,$(BUILD)/ins/test/%,accept bytes calls close chaos datagrams datagram_ends ancillary backpressure network \
	netbsd)

.PHONY: test-ins test-ins-sanitized
test-ins-sanitized: $(INS_SANITIZED) $(BUILD)/asan/ringfence-ins
	@failed=; for t in $(INS_SANITIZED); do echo "== $$t, sanitized"; \
	RINGFENCE_INS=$(BUILD)/asan/ringfence-ins $$t || failed="$$failed $$t"; done; \
	if [ -n "$$failed" ]; then echo "failed:$$failed" >&2; exit 1; fi

test-ins: $(INS_TEST_PROGRAMS) $(INS)
	@failed=; for t in $(INS_TEST_PROGRAMS); do echo "== $$t"; $$t || failed="$$failed $$t"; done; \
	if [ -n "$$failed" ]; then echo "failed:$$failed" >&2; exit 1; fi

TESTS += test-ins test-ins-sanitized
