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
$(SHIM_DOUBLE): $(patsubst shim/%.c,$(BUILD)/shim/%.o,$(wildcard shim/test/double/*.c)) $(REGION)
	$(CC) $(LDFLAGS) $(PIE) -o $@ $^

.PHONY: test-shim
test-shim: $(SHIM) $(SHIM_TESTS) $(SHIM_DOUBLE)
	shim/test/exports $(SHIM)
	shim/coverage check
	shim/test/run native
	shim/test/run double
	shim/test/run failures

ALL += $(SHIM_TESTS) $(SHIM_DOUBLE)
TESTS += test-shim

# The table in docs/coverage.md.
.PHONY: coverage
coverage:
	shim/coverage write
