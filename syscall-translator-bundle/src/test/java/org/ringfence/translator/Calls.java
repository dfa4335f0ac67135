package org.ringfence.translator;

import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.Operation;

/** Calls and answers as tests want them. */
final class Calls {
    private Calls() {
    }

    static Call call(Operation operation, long... arguments) {
        Call call = new Call().clear(operation, 1, 1);
        System.arraycopy(arguments, 0, call.arguments, 0, arguments.length);
        return call;
    }

    static Call with(Call call, byte[] payload) {
        System.arraycopy(payload, 0, call.payload, 0, payload.length);
        call.payloadLength = payload.length;
        return call;
    }

    static Answer answer(byte... payload) {
        Answer answer = new Answer();
        System.arraycopy(payload, 0, answer.payload, 0, payload.length);
        answer.payloadLength = payload.length;
        return answer;
    }

    static byte[] ints(int... numbers) {
        byte[] bytes = new byte[4 * numbers.length];
        for (int i = 0; i < numbers.length; i++) {
            LittleEndian.putInt(bytes, 4 * i, numbers[i]);
        }
        return bytes;
    }

    static byte[] longs(long... numbers) {
        byte[] bytes = new byte[8 * numbers.length];
        for (int i = 0; i < numbers.length; i++) {
            LittleEndian.putLong(bytes, 8 * i, numbers[i]);
        }
        return bytes;
    }

    /** 192.0.2.7, port 8080, in Linux layout. */
    static byte[] ipv4() {
        return new byte[] {2, 0, 0x1f, (byte) 0x90, (byte) 192, 0, 2, 7, 0, 0, 0, 0, 0, 0, 0, 0};
    }

    /** 2001:db8::7, port 8080, flow information 5, scope 3, in Linux layout. */
    static byte[] ipv6() {
        byte[] address = new byte[28];
        System.arraycopy(new byte[] {10, 0, 0x1f, (byte) 0x90, 0, 0, 0, 5, 0x20, 1, 0xd, (byte) 0xb8}, 0, address, 0, 12);
        address[23] = 7;
        address[24] = 3;
        return address;
    }

    static byte[] used(Call call) {
        return java.util.Arrays.copyOf(call.payload, call.payloadLength);
    }

    static byte[] used(Answer answer) {
        return java.util.Arrays.copyOf(answer.payload, answer.payloadLength);
    }
}
