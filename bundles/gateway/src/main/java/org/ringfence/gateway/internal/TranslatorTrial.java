package org.ringfence.gateway.internal;

import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.CallContext;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.call.Operation;

/** Calls that a translator must be able to translate, one way or the other, before it is put in charge. */
final class TranslatorTrial {
    private static final int STREAM = 1;
    private static final byte[] LOOPBACK = {Addresses.AF_INET, 0, 0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};

    static Void run(CallTranslator translator) {
        Call call = new Call();
        CallContext context = new CallContext();
        Answer answer = new Answer();
        for (Operation operation : Operation.values()) {
            call.clear(operation, 0, 1);
            call.arguments[0] = Addresses.AF_INET;
            call.arguments[1] = STREAM;
            if (operation == Operation.BIND || operation == Operation.CONNECT) {
                System.arraycopy(LOOPBACK, 0, call.payload, 0, LOOPBACK.length);
                call.payloadLength = LOOPBACK.length;
            }
            int error = translator.call(call, context);
            if (operation == Operation.SOCKET && error != 0) {
                throw new IllegalStateException("a TCP socket is refused with " + Errno.name(error));
            }
            if (error == 0) {
                translator.answer(context, answer.set(0, 0));
            }
        }
        byte[] address = java.util.Arrays.copyOf(LOOPBACK, 32);
        int length = translator.addressToIns(address, 0, LOOPBACK.length);
        translator.address(address, 0, length);
        translator.error(1);
        return null;
    }

    private TranslatorTrial() {
    }
}
