package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.policy.PolicyChain;
import org.ringfence.api.policy.Verdict;
import org.ringfence.api.transport.Transport;
import org.ringfence.memory.internal.JnaSystem;
import org.ringfence.ring.local.LocalTransport;
import org.ringfence.translator.LinuxTranslator;

/**
 * A whole gateway in the test's JVM, in a state directory of its own: real shared memory, the real INS, and programs behind the real
 * shim. Closing it ends the processes it started and checks that nothing was logged as an error.
 */
final class RunningGateway implements AutoCloseable, Services {
    private static final Path NATIVE = Path.of(System.getProperty("ringfence.native", "native/build")).toAbsolutePath();
    private static final JnaSystem SYSTEM = new JnaSystem(NATIVE);
    private static final long PATIENCE_SECONDS = 20;

    final Path state;
    final EventLoop loop;
    final GivenVerdict policies = new GivenVerdict(Verdict.ALLOW);
    volatile PolicyChain chain = policies;
    volatile CallTranslator translator = new LinuxTranslator();
    private final List<Program> programs = new ArrayList<>();
    private final List<Process> inss = new ArrayList<>();
    /** The last one that was started. */
    private Process ins;
    private final PrintStream stderr = System.err;
    private final ByteArrayOutputStream log = new ByteArrayOutputStream();

    RunningGateway() {
        this(5000, Map.of());
    }

    /** @param settings of {@link LocalTransport.Config}, by method name, other than the defaults */
    RunningGateway(long failClosedMilliseconds, Map<String, Object> settings) {
        System.setErr(new PrintStream(new Tee(stderr, log), true));
        try {
            state = Files.createTempDirectory("ringfence-test");
            loop = new EventLoop(state, this, Settings.of(failClosedMilliseconds, false), () -> { }, () -> { });
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        loop.start();
        takeOver(transport(settings));
        startIns();
    }

    /** Another version of the transport takes over. */
    void takeOver(Transport transport) {
        ask(() -> {
            loop.takeOver(transport);
            return null;
        });
    }

    static LocalTransport transport(Map<String, Object> settings) {
        return new LocalTransport(SYSTEM, (LocalTransport.Config) Proxy.newProxyInstance(RunningGateway.class.getClassLoader(), new Class<?>[] {LocalTransport.Config.class},
                (proxy, method, arguments) -> settings.getOrDefault(method.getName(), method.getDefaultValue())));
    }

    @Override
    public CallTranslator translator(String abi) {
        return translator;
    }

    @Override
    public PolicyChain policies() {
        return chain;
    }

    // ---- the INS ----

    void startIns() {
        startIns("ins");
    }

    /** One more if there is another. */
    void startIns(String name) {
        int others = ask(() -> loop.inss().size());
        try {
            ins = new ProcessBuilder(NATIVE.resolve("ringfence-ins").toString(), "--socket", state.resolve("ins.sock").toString(), "--name", name, "--no-sandbox")
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        } catch (IOException e) {
            throw new AssertionError("cannot start the INS, build it with 'make -C native': " + e.getMessage());
        }
        inss.add(ins);
        await("the INS attaches", () -> ask(() -> loop.inss().size()) == others + 1);
    }

    /** Kills the last one that was started; what the gateway does about it is done. */
    void loseIns() {
        lose(ins);
    }

    void loseFirstIns() {
        lose(inss.get(0));
    }

    private void lose(Process one) {
        int before = ask(() -> loop.inss().size());
        signal(one, "KILL");
        await("the INS is gone", () -> !one.isAlive() && ask(() -> loop.inss().size()) == before - 1);
    }

    void signalIns(String signal) {
        signal(ins, signal);
    }

    static void signal(Process process, String signal) {
        try {
            assertEquals(0, new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor());
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    // ---- programs ----

    /** Starts a Python program of src/test/resources/programs behind the shim. */
    Program behindShim(String launch, String program, Object... arguments) {
        return start(true, launch, program, arguments);
    }

    /** Starts one without the shim; it finds the gateway's sockets by its first argument. */
    Program outside(String program, Object... arguments) {
        return start(false, null, program, arguments);
    }

    static Path program(String name) {
        Path script = Path.of("src/test/resources/programs", name).toAbsolutePath();
        assertTrue(Files.exists(script), script + " is missing");
        return script;
    }

    private Program start(boolean shim, String launch, String program, Object... arguments) {
        List<String> command = new ArrayList<>(List.of("python3", program(program).toString()));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        if (shim) {
            builder.environment().put("LD_PRELOAD", NATIVE.resolve("libringfence.so").toString());
            builder.environment().put("RINGFENCE_ATTACH", state.resolve("attach.sock").toString());
            builder.environment().put("RINGFENCE_LAUNCH", launch);
            builder.environment().put("RINGFENCE_NAME", launch);
        }
        try {
            Program started = new Program(builder.start());
            programs.add(started);
            return started;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    // ---- what the gateway knows ----

    <T> T ask(Supplier<T> question) {
        try {
            return loop.ask(question).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError("the event loop did not answer", e);
        }
    }

    /** Sockets the gateway relays, of all applications. */
    long relayedSockets() {
        return ask(() -> loop.sockets().stream().filter(s -> s.phase != RelayedSocket.Phase.FREE).count());
    }

    int applications() {
        return ask(() -> loop.applications().size());
    }

    /** Slots of the INS in use, without those that ACCEPTs have reserved. */
    int insSlots() {
        return ask(() -> loop.inss().get(0).region.openSlots()
                - loop.sockets().stream().filter(s -> s.phase == RelayedSocket.Phase.LISTENING).mapToInt(s -> s.posted).sum());
    }

    String log() {
        return log.toString();
    }

    /** Waits until no application and no socket is left. */
    void awaitEmpty() {
        await("every application is detached", () -> applications() == 0);
        await("every socket is released", () -> relayedSockets() == 0);
        await("every slot of the INS is free", () -> ask(() -> loop.inss().isEmpty()) || insSlots() == 0);
    }

    static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                fail("not within " + PATIENCE_SECONDS + " s: " + what);
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Override
    public void close() throws IOException {
        programs.forEach(Program::close);
        loop.close();
        inss.forEach(Process::destroyForcibly);
        System.setErr(stderr);
        try (Stream<Path> files = Files.walk(state)) {
            files.sorted(java.util.Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
        }
        assertEquals(List.of(), log().lines().filter(line -> line.contains(" ERROR ")).toList(), "errors in the log");
    }

    private static final class Tee extends OutputStream {
        private final OutputStream first;
        private final OutputStream second;

        Tee(OutputStream first, OutputStream second) {
            this.first = first;
            this.second = second;
        }

        @Override
        public synchronized void write(int b) throws IOException {
            first.write(b);
            second.write(b);
        }
    }
}
