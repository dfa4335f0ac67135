# libringfence-loop.so: the system calls of the gateway's event loop, for JNA.
LOOP := $(BUILD)/libringfence-loop.so

$(LOOP): $(patsubst %.c,$(BUILD)/%.o,$(wildcard loop/*.c)) $(BUILD)/libregion.a
	$(CC) $(LDFLAGS) -shared -o $@ $^

ALL += $(LOOP)
