# libregion.a: the region library, linked into shim, INS and the gateway's native library.
$(REGION): $(patsubst %.c,$(BUILD)/%.o,$(wildcard region/*.c))
	@rm -f $@
	$(AR) rcs $@ $^

# What layout.h says in numbers, for ring-bundle's LayoutTest.
$(BUILD)/region-offsets: $(BUILD)/region/print/offsets.o
	$(CC) $(PIE) $(LDFLAGS) -o $@ $^

ALL += $(REGION) $(BUILD)/region-offsets

# Its tests: each region/test/NAME.c but the parts is a program of one behaviour, run one after the other.
REGION_TEST_PARTS := check gateway
REGION_TESTS := $(filter-out $(REGION_TEST_PARTS),$(patsubst region/test/%.c,%,$(wildcard region/test/*.c)))
REGION_TEST_PROGRAMS := $(REGION_TESTS:%=$(BUILD)/region/test/%)

$(REGION_TEST_PROGRAMS): %: %.o $(REGION_TEST_PARTS:%=$(BUILD)/region/test/%.o) $(REGION)
	$(CC) $(PIE) $(LDFLAGS) -o $@ $^

.PHONY: test-region test-sanitized
test-region: $(REGION_TEST_PROGRAMS)
	@failed=; for t in $^; do echo "== $$t"; $$t || failed="$$failed $$t"; done; \
	if [ -n "$$failed" ]; then echo "failed:$$failed" >&2; exit 1; fi

# The same tests, fewer rounds, under gcc's sanitizers. ThreadSanitizer sees one process: it runs the
# tests whose two sides are threads.
SANITIZE_asan := -fsanitize=address,undefined -fno-sanitize-recover=all
SANITIZE_tsan := -fsanitize=thread -Wno-tsan
REGION_THREADED := $(filter commands rings records pending,$(REGION_TESTS))

define region_sanitized
$(BUILD)/$(1)/%.o: %.c $$(RULES)
	@mkdir -p $$(@D)
	$$(CC) $$(filter-out $$(HARDENED),$$(CFLAGS)) -O1 $$(SANITIZE_$(1)) -MMD -MP -c -o $$@ $$<

$(2:%=$(BUILD)/$(1)/region/test/%): %: %.o \
    $(patsubst %.c,$(BUILD)/$(1)/%.o,$(wildcard region/*.c) $(REGION_TEST_PARTS:%=region/test/%.c))
	$$(CC) $$(PIE) $$(LDFLAGS) $$(SANITIZE_$(1)) -o $$@ $$^
endef
$(eval $(call region_sanitized,asan,$(REGION_TESTS)))
$(eval $(call region_sanitized,tsan,$(REGION_THREADED)))

# A test that holds all 64 cells at once is beyond ThreadSanitizer's deadlock detector.
test-sanitized: $(REGION_TESTS:%=$(BUILD)/asan/region/test/%) $(REGION_THREADED:%=$(BUILD)/tsan/region/test/%)
	@failed=; for t in $^; do echo "== $$t"; TSAN_OPTIONS=detect_deadlocks=0 $$t 2 || failed="$$failed $$t"; done; \
	if [ -n "$$failed" ]; then echo "failed:$$failed" >&2; exit 1; fi

TESTS += test-region test-sanitized
