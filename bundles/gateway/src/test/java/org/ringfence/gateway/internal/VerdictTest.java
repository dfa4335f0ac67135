package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.ringfence.api.policy.Verdict;
import org.ringfence.translator.LinuxTranslator;

/** What peers and programs see of verdicts, and of a missing chain or translator. */
class VerdictTest {
    private RunningGateway gateway;

    @AfterEach
    void close() throws IOException {
        gateway.close();
    }

    private static Socket connect(int port) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(20_000);
        return socket;
    }

    @Test
    void aPeerThatIsRefusedSeesAnOrderlyEnd() throws IOException {
        gateway = new RunningGateway();
        Program server = gateway.behindShim("hold", "hold.py");
        int port = server.number();
        gateway.policies.verdict = Verdict.REFUSE;
        try (Socket socket = connect(port)) {
            assertEquals(-1, socket.getInputStream().read());
        }
        RunningGateway.await("only the listener is left", () -> gateway.relayedSockets() == 1);
        assertFalse(server.hasSaidMore(), "the application learned of it");
        assertEquals("refused", new Reports(gateway.loop, null).connections().get(0).state());
    }

    @Test
    void aPeerThatIsResetSeesAReset() throws IOException {
        gateway = new RunningGateway();
        Program server = gateway.behindShim("hold", "hold.py");
        int port = server.number();
        gateway.policies.verdict = Verdict.RESET;
        try (Socket socket = connect(port)) {
            SocketException reset = assertThrows(SocketException.class, () -> socket.getInputStream().read());
            assertEquals("Connection reset", reset.getMessage());
        }
        assertFalse(server.hasSaidMore(), "the application learned of it");
        assertEquals(0, gateway.policies.closed.get(), "what was not admitted does not end");
    }

    @Test
    void aProgramThatMayNotConnectGetsEconnrefusedAndTheServerNoConnection() throws IOException {
        gateway = new RunningGateway();
        try (ServerSocket outside = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            outside.setSoTimeout(20_000);
            Program program = gateway.behindShim("connect", "connect.py", outside.getLocalPort());
            program.expect("ready");
            for (Verdict verdict : new Verdict[] {Verdict.REFUSE, Verdict.RESET}) {
                gateway.policies.verdict = verdict;
                program.tell("go");
                program.expect("ECONNREFUSED");
            }
            gateway.policies.verdict = Verdict.ALLOW;
            program.tell("go");
            try (Socket first = outside.accept()) {
                assertEquals('x', first.getInputStream().read());
                first.getOutputStream().write('y');
                program.expect("connected, then b'y'");
            }
        }
        assertEquals(3, gateway.policies.admitted.get());
    }

    @Test
    void aConnectionWaitsForAMissingChainAndIsServedWhenItComes() throws IOException {
        gateway = new RunningGateway(60_000, java.util.Map.of());
        int port = gateway.behindShim("echo", "echo.py").number();
        gateway.chain = null;
        try (Socket socket = connect(port)) {
            socket.getOutputStream().write(42);
            awaitAnswersWaiting();
            assertEquals(0, gateway.policies.admitted.get());
            gateway.chain = gateway.policies;
            assertEquals(42, socket.getInputStream().read());
        }
        assertEquals(1, gateway.policies.admitted.get());
    }

    /** The INS has answered something that the gateway leaves where it is: turns pass without its being taken. */
    private void awaitAnswersWaiting() {
        RunningGateway.await("an answer waits", () -> gateway.ask(() -> ((org.ringfence.ring.region.MappedRegion) gateway.loop.inss().get(0).region)
                .hasWork()));
    }

    @Test
    void aConnectionIsRefusedWhenTheChainIsMissingForTooLong() throws IOException {
        gateway = new RunningGateway(300, java.util.Map.of());
        int port = gateway.behindShim("echo", "echo.py").number();
        gateway.chain = null;
        long before = System.nanoTime();
        try (Socket socket = connect(port)) {
            assertEquals(-1, socket.getInputStream().read());
        }
        assertTrue(System.nanoTime() - before >= TimeUnit.MILLISECONDS.toNanos(250), "refused too early");
        gateway.chain = gateway.policies;
        try (Socket socket = connect(port)) {
            socket.getOutputStream().write(42);
            assertEquals(42, socket.getInputStream().read());
        }
    }

    @Test
    void callsWaitForAMissingTranslatorAndAreAnsweredWhenItComes() {
        gateway = new RunningGateway(60_000, java.util.Map.of());
        gateway.translator = null;
        Program program = gateway.behindShim("calls", "calls.py");
        program.expect("ready");
        program.tell("go");
        BooleanSupplier callWaits = () -> gateway.ask(() -> gateway.loop.applications().stream()
                .anyMatch(a -> ((org.ringfence.ring.region.MappedRegion) a.region).hasWork()));
        RunningGateway.await("a call waits", callWaits);
        assertTrue(callWaits.getAsBoolean());
        assertFalse(program.hasSaidMore());
        gateway.translator = new LinuxTranslator();
        program.expect("open");
        program.expect("bound");
    }

    @Test
    void callsFailWhenTheTranslatorIsMissingForTooLong() {
        gateway = new RunningGateway(300, java.util.Map.of());
        gateway.translator = null;
        Program program = gateway.behindShim("calls", "calls.py");
        program.expect("ready");
        program.tell("go");
        program.expect("ENETDOWN");
        gateway.translator = new LinuxTranslator();
        program.tell("go");
        program.expect("open");
        program.expect("bound");
    }
}
