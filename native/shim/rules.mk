# libringfence.so: the shim, preloaded into applications. Its objects, the region library's included, are
# compiled for it alone: nothing is visible, and thread-local variables need no allocation at first use.
SHIM := $(BUILD)/libringfence.so
SHIM_OBJECTS := $(patsubst shim/%.c,$(BUILD)/shim/%.o,$(wildcard shim/*.c)) \
	$(patsubst region/%.c,$(BUILD)/shim/region/%.o,$(wildcard region/*.c))

# syscall() is among what the shim interposes: inside it the name means the kernel (syscall.c).
$(SHIM_OBJECTS): CFLAGS += -fvisibility=hidden -ftls-model=initial-exec -Dsyscall=kernel_call

$(BUILD)/shim/region/%.o: region/%.c $(RULES)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/shim/exports.map: shim/exports.map.in shim/calls.def
	@mkdir -p $(@D)
	$(CC) -E -P -undef -x c -o $@ $<

$(SHIM): $(SHIM_OBJECTS) $(BUILD)/shim/exports.map
	$(CC) $(LDFLAGS) -shared -Wl,--version-script=$(BUILD)/shim/exports.map -Wl,-z,nodelete,-z,defs \
		-o $@ $(SHIM_OBJECTS)

ALL += $(SHIM)

# The tests: ordinary network programs, run on the host's stack and behind the shim.
SHIM_TESTS := $(patsubst shim/test/%.c,$(BUILD)/shim/test/%,$(wildcard shim/test/*.c))

$(SHIM_TESTS): $(BUILD)/shim/test/%: $(BUILD)/shim/test/%.o $(REGION)
	$(CC) $(LDFLAGS) $(PIE) -o $@ $^

# The gateway that the tests run with, in one process.
SHIM_DOUBLE := $(BUILD)/shim/test/gateway
$(SHIM_DOUBLE): $(patsubst shim/%.c,$(BUILD)/shim/%.o,$(wildcard shim/test/double/*.c)) \
	$(BUILD)/ins/network_linux.o $(REGION)
	$(CC) $(LDFLAGS) $(PIE) -o $@ $^

# The shim under gcc's sanitizers: AddressSanitizer with UBSan before ordinary programs; ThreadSanitizer, which wants
# the program instrumented as well. SANITIZE_asan and SANITIZE_tsan are region/rules.mk's.
define shim_sanitized
$(BUILD)/shim-$(1)/%.o: %.c $$(RULES)
	@mkdir -p $$(@D)
	$$(CC) $$(filter-out $$(HARDENED),$$(CFLAGS)) -O1 $$(SANITIZE_$(1)) -MMD -MP -c -o $$@ $$<

$(BUILD)/shim-$(1)/libringfence.so: $(patsubst %.c,$(BUILD)/shim-$(1)/%.o,$(wildcard shim/*.c region/*.c)) $(BUILD)/shim/exports.map
	$$(CC) $$(LDFLAGS) $$(SANITIZE_$(1)) -shared -Wl,--version-script=$(BUILD)/shim/exports.map -Wl,-z,nodelete \
		-o $$@ $$(filter %.o,$$^)
endef
$(eval $(call shim_sanitized,asan))
$(eval $(call shim_sanitized,tsan))
$(patsubst %.c,$(BUILD)/shim-asan/%.o,$(wildcard shim/*.c region/*.c)) \
$(patsubst %.c,$(BUILD)/shim-tsan/%.o,$(wildcard shim/*.c region/*.c)): \
	CFLAGS += -fvisibility=hidden -ftls-model=initial-exec -Dsyscall=kernel_call

# What ThreadSanitizer calls while it begins must not call it.
$(patsubst %,$(BUILD)/shim-tsan/shim/%.o,entry limits own_calls): SANITIZE_tsan :=

# What AddressSanitizer's own interposers do not let through to the shim, programs that start others without the sanitizer's
# library, and threads that are cancelled, whose end it does not see; and what ThreadSanitizer's delay of signals, its view of
# descriptors, of libc's own locks and of children that share memory or are not instrumented spoils. The double keeps no order
# between sockets.
SHIM_NOT_asan := cancelled unmapped faults environment past_libc namespace memory
SHIM_NOT_tsan := cancelled closed patience unmapped environment namespace memory passing past_libc resolve selectors shared \
	signals standard vfork abandoned lent_threads
SHIM_NAMES := $(filter-out abandoned order,$(patsubst shim/test/%.c,%,$(wildcard shim/test/*.c)))
SHIM_THREADED := $(filter-out $(SHIM_NOT_tsan),$(SHIM_NAMES))

$(SHIM_THREADED:%=$(BUILD)/tsan/shim/test/%): %: %.o $(REGION)
	$(CC) $(PIE) $(LDFLAGS) $(SANITIZE_tsan) -o $@ $^

.PHONY: test-shim-sanitized
test-shim-sanitized: $(SHIM_TESTS) $(SHIM_DOUBLE) $(BUILD)/shim-asan/libringfence.so $(BUILD)/shim-tsan/libringfence.so \
    $(SHIM_THREADED:%=$(BUILD)/tsan/shim/test/%)
	shim/test/run asan $(filter-out $(SHIM_NOT_asan),$(SHIM_NAMES))
	shim/test/run tsan $(SHIM_THREADED)

# What the shim makes of entries about the network that make no sense: its own objects, the rest is played.
SHIM_FUZZ := $(BUILD)/shim-asan/shim/fuzz/network
$(SHIM_FUZZ): $(patsubst %,$(BUILD)/shim-asan/shim/%.o,fuzz/network network netlink_answer interfaces addressable)
	$(CC) $(PIE) $(LDFLAGS) $(SANITIZE_asan) -o $@ $^

.PHONY: test-shim-fuzz
test-shim-fuzz: $(SHIM_FUZZ)
	$(SHIM_FUZZ)

# A program that nothing can be preloaded into.
SHIM_STATIC := $(BUILD)/shim/static
$(SHIM_STATIC): shim/test/static/program.c $(RULES)
	@mkdir -p $(@D)
	$(CC) -std=c11 -O2 $(WARNINGS) -fno-stack-protector -fcf-protection=none -nostdlib -static -o $@ $<

.PHONY: test-shim
test-shim: $(SHIM) $(SHIM_TESTS) $(SHIM_DOUBLE) $(SHIM_STATIC)
	shim/test/exports $(SHIM)
	shim/coverage check
	shim/test/run native
	shim/test/run double
	shim/test/run failures

ALL += $(SHIM_TESTS) $(SHIM_DOUBLE) $(SHIM_STATIC)
TESTS += test-shim test-shim-fuzz test-shim-sanitized

# The table in docs/coverage.md.
.PHONY: coverage
coverage:
	shim/coverage write
