package org.ringfence.translator;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.CallContext;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.call.Operation;

/** What a call costs to check and rewrite. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TranslationBenchmark {
    private static final byte[] LOOPBACK = {2, 0, 31, -112, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};
    private static final byte[] ON = {1, 0, 0, 0};

    @Param({"linux", "netbsd"})
    public String abi;

    private final Call call = new Call();
    private final CallContext context = new CallContext();
    private CallTranslator translator;

    @Setup
    public void open() {
        translator = abi.equals("linux") ? new LinuxTranslator() : new NetbsdTranslator();
    }

    @Benchmark
    public int connect() {
        return passed(call.clear(Operation.CONNECT, 1, 1), LOOPBACK);
    }

    @Benchmark
    public int noDelay() {
        call.clear(Operation.SETSOCKOPT, 1, 1);
        call.arguments[0] = 6;
        call.arguments[1] = 1;
        return passed(call, ON);
    }

    private int passed(Call made, byte[] payload) {
        System.arraycopy(payload, 0, made.payload, 0, payload.length);
        made.payloadLength = payload.length;
        int error = translator.call(made, context);
        if (error != 0) {
            throw new IllegalStateException("error " + error);
        }
        return error;
    }
}
