# ringfence-ins: the isolated network stack as a local process, backend of region B.
INS := $(BUILD)/ringfence-ins

$(INS): $(patsubst %.c,$(BUILD)/%.o,$(wildcard ins/*.c)) $(REGION)
	$(CC) $(PIE) $(LDFLAGS) -o $@ $^

ALL += $(INS)
