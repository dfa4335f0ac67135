# ringfence-ins: the isolated network stack as a local process, backend of region B.
INS := $(BUILD)/ringfence-ins

$(INS): $(patsubst %.c,$(BUILD)/%.o,$(wildcard ins/*.c)) $(REGION)
	$(CC) $(PIE) $(LDFLAGS) -o $@ $^

ALL += $(INS)

# Its tests: each ins/test/NAME.c but frontend.c is a program that plays the gateway to an INS it starts.
INS_TESTS := $(filter-out frontend,$(patsubst ins/test/%.c,%,$(wildcard ins/test/*.c)))
INS_TEST_PROGRAMS := $(INS_TESTS:%=$(BUILD)/ins/test/%)
INS_TEST_PARTS := $(BUILD)/ins/test/frontend.o $(BUILD)/region/test/check.o

$(INS_TEST_PROGRAMS): %: %.o $(INS_TEST_PARTS) $(REGION)
	$(CC) $(PIE) $(LDFLAGS) -o $@ $^

.PHONY: test-ins
test-ins: $(INS_TEST_PROGRAMS) $(INS)
	@failed=; for t in $(INS_TEST_PROGRAMS); do echo "== $$t"; $$t || failed="$$failed $$t"; done; \
	if [ -n "$$failed" ]; then echo "failed:$$failed" >&2; exit 1; fi

TESTS += test-ins
