# Instructions for a message in the code that shim and INS share: they must not grow unnoticed.
$(BUILD)/cost/messages: $(BUILD)/cost/messages.o $(REGION)
	$(CC) $(PIE) $(LDFLAGS) -o $@ $^

.PHONY: test-cost
test-cost: $(BUILD)/cost/messages
	cost/check $<

ALL += $(BUILD)/cost/messages
TESTS += test-cost
