package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.ringfence.ring.layout.HeaderLayout;
import org.ringfence.ring.layout.PendingLayout;

/** What an INS's end does, and what the end of slots does. */
class InsEndsTest {
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

    private void awaitNoIns() {
        RunningGateway.await("the INS is gone", () -> gateway.ask(() -> gateway.loop.inss().isEmpty()));
    }

    @Test
    void theConnectionsOfAKilledInsAreReset() throws IOException {
        gateway = new RunningGateway();
        Program server = gateway.behindShim("hold", "hold.py");
        try (Socket socket = connect(server.number())) {
            server.expect("1");
            gateway.signalIns("KILL");
            server.expect("ECONNRESET");
        }
        awaitNoIns();
        assertTrue(gateway.log().contains("lost connections and other sockets: 1; listeners to be opened at the next: 1"), gateway.log());
    }

    @Test
    void newsOfASocketWhoseApplicationIsGoneTouchesNothingOfTheApplication() throws IOException {
        gateway = new RunningGateway();
        Program server = gateway.behindShim("hold", "hold.py");
        ByteBuffer region = OpenMemory.named("ringfence-ins");
        try (Socket socket = connect(server.number())) {
            server.expect("1");
            gateway.signalIns("STOP"); // CLOSE stays unanswered
            server.kill();
            RunningGateway.await("the application is detached", () -> gateway.applications() == 0);
            assertTrue(gateway.relayedSockets() > 0, "its sockets are still the INS's");
            int pending = Math.toIntExact(region.getLong(HeaderLayout.TO_FRONTEND_OFFSET));
            region.putLong(pending + PendingLayout.LEAF, -1).putLong(pending + PendingLayout.SUMMARY, 1);
            RunningGateway.await("the news is taken", () -> gateway.ask(() -> region.getLong(pending + PendingLayout.LEAF)) == 0);
            gateway.signalIns("CONT");
        }
        gateway.awaitEmpty();
    }

    @Test
    void aPendingCallIsAnsweredEnetdownWhenTheInsIsKilled() {
        gateway = new RunningGateway();
        Program program = gateway.behindShim("calls", "calls.py");
        program.expect("ready");
        program.tell("go");
        program.expect("open");
        program.expect("bound");
        gateway.signalIns("STOP");
        long before = gateway.ask(() -> gateway.loop.trace().calls());
        program.tell("go");
        RunningGateway.await("a call is under way", () -> gateway.ask(() -> gateway.loop.trace().calls()) > before);
        gateway.signalIns("KILL");
        program.expect("ENETDOWN");
    }

    @Test
    void aCallWithoutAnInsIsAnsweredEnetdownAndTheNextInsServes() {
        gateway = new RunningGateway();
        Program program = gateway.behindShim("calls", "calls.py");
        program.expect("ready");
        gateway.signalIns("KILL");
        awaitNoIns();
        program.tell("go");
        program.expect("ENETDOWN");
        gateway.startIns();
        program.tell("go");
        program.expect("open");
        program.expect("bound");
    }

    @Test
    void theSocketsOfAKilledInsAreReleasedWhenTheirProgramEnds() throws IOException {
        gateway = new RunningGateway();
        Program server = gateway.behindShim("hold", "hold.py");
        try (Socket socket = connect(server.number())) {
            server.expect("1");
            gateway.signalIns("KILL");
            awaitNoIns();
        }
        server.kill();
        gateway.awaitEmpty();
    }

    @Test
    void whenSlotsAreExhaustedFurtherConnectionsAreResetCountedAndTheGatewayGoesOn() throws IOException {
        // 64 slots: 16 wait in the pool of fresh sockets, one is the listener's.
        gateway = new RunningGateway(5000, Map.of("slots", 64, "pool_mebibytes", 1));
        Program server = gateway.behindShim("hold", "hold.py");
        int port = server.number();
        List<Socket> peers = new ArrayList<>();
        for (int i = 1; i <= 40; i++) {
            peers.add(connect(port));
            server.expect(Integer.toString(i));
        }
        int reset = 0;
        for (int i = 0; i < 40; i++) {
            Socket peer = connect(port);
            peer.setSoTimeout(500);
            peers.add(peer);
        }
        RunningGateway.await("every connection was accepted or reset",
                () -> server.linesSoFar() - 1 + gateway.ask(() -> gateway.loop.connectionsWithoutSlot()) == 80);
        for (Socket peer : peers.subList(40, 80)) {
            try {
                reset += peer.getInputStream().read() == -1 ? 1 : 0;
            } catch (java.net.SocketTimeoutException served) {
                continue;
            } catch (java.net.SocketException e) {
                reset++;
            }
        }
        long counted = gateway.ask(() -> gateway.loop.connectionsWithoutSlot());
        assertTrue(reset > 0, "no connection was reset");
        assertEquals(reset, counted);
        for (Socket peer : peers) {
            peer.close();
        }
        server.kill();
        gateway.awaitEmpty();
        int next = gateway.behindShim("echo", "echo.py").number();
        try (Socket socket = connect(next)) {
            socket.getOutputStream().write(7);
            assertEquals(7, socket.getInputStream().read());
        }
    }
}
