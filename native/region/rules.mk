# libregion.a: the region library, linked into shim, INS and the gateway's native library.
$(REGION): $(patsubst %.c,$(BUILD)/%.o,$(wildcard region/*.c))
	@rm -f $@
	$(AR) rcs $@ $^

ALL += $(REGION)
