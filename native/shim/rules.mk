# libringfence.so: the shim, preloaded into applications. Its objects, the region library's included, are
# compiled for it alone: nothing is visible, and thread-local variables need no allocation at first use.
SHIM := $(BUILD)/libringfence.so
SHIM_OBJECTS := $(patsubst shim/%.c,$(BUILD)/shim/%.o,$(wildcard shim/*.c)) \
	$(patsubst region/%.c,$(BUILD)/shim/region/%.o,$(wildcard region/*.c))

$(SHIM_OBJECTS): CFLAGS += -fvisibility=hidden -ftls-model=initial-exec

$(BUILD)/shim/region/%.o: region/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/shim/exports.map: shim/exports.map.in shim/calls.def
	@mkdir -p $(@D)
	$(CC) -E -P -undef -x c -o $@ $<

$(SHIM): $(SHIM_OBJECTS) $(BUILD)/shim/exports.map
	$(CC) $(LDFLAGS) -shared -Wl,--version-script=$(BUILD)/shim/exports.map -Wl,-z,nodelete,-z,defs \
		-o $@ $(SHIM_OBJECTS)

ALL += $(SHIM)
