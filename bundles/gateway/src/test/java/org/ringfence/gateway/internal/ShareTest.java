package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.ringfence.gateway.internal.RelayedSocket.Phase;

/** What applications share, and how much of it one may have. */
class ShareTest {
    private static final int SLOTS = 1024;
    private RunningGateway gateway;

    private void start() {
        gateway = new RunningGateway(5000, Map.of("slots", SLOTS));
    }

    @AfterEach
    void close() throws IOException {
        if (gateway != null) {
            gateway.close();
        }
    }

    private static int taken(Share share) {
        int own = 0;
        for (; share.allows(own) > 0; own++) {
            share.take();
        }
        return own;
    }

    @Test
    void whoIsAloneGetsHalfAndEachFurtherOneHalfOfWhatIsLeft() {
        Share share = new Share(1024, 1);
        assertEquals(512, taken(share));
        assertEquals(256, taken(share));
        assertEquals(128, taken(share));
    }

    @Test
    void whoHasNothingGetsSomethingUntilAllIsGone() {
        Share share = new Share(64, 1);
        int all = 0;
        for (int more; (more = taken(share)) > 0; ) {
            all += more;
        }
        assertEquals(64, all);
        share.giveBack();
        assertEquals(1, taken(share));
    }

    @Test
    void anApplicationOpensHalfOfTheSlotsAndAnotherOneItsOwn() throws IOException {
        start();
        Program greedy = gateway.behindShim("greedy", "sockets.py", SLOTS);
        greedy.expect("512 ENOBUFS");
        Program second = gateway.behindShim("second", "sockets.py", SLOTS);
        second.expect("171 ENOBUFS");
        int port = gateway.behindShim("echo", "echo.py").number();
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write(1);
            assertEquals(1, socket.getInputStream().read());
        }
        greedy.tell("close");
        greedy.expect("closed");
        RunningGateway.await("its sockets are closed", () -> gateway.ask(() -> gateway.loop.applications().get(0).ownSockets) == 0);
        gateway.behindShim("third", "sockets.py", 100).expect("100");
        String said = "application 'greedy' has 512 sockets that it has opened itself at INS 'ins'";
        assertEquals(gateway.log().indexOf(said), gateway.log().lastIndexOf(said), gateway.log());
        assertTrue(gateway.log().contains(said), gateway.log());
    }

    @Test
    void connectionsFromOutsideAreNotCounted() throws IOException {
        start();
        int port = gateway.behindShim("echo", "echo.py").number();
        Socket[] clients = new Socket[700];
        for (int i = 0; i < clients.length; i++) {
            clients[i] = new Socket(InetAddress.getLoopbackAddress(), port);
        }
        for (Socket client : clients) {
            client.getOutputStream().write(1);
            assertEquals(1, client.getInputStream().read());
            client.close();
        }
    }

    @Test
    void aListenerHasFewAcceptsPostedAndManyOnceItUsesThem() {
        start();
        Program program = gateway.behindShim("listeners", "listeners.py", 3);
        program.expect("3");
        RunningGateway.await("four are posted for each", () -> posted() == 12);
        program.tell("1 200");
        program.expect("served");
        RunningGateway.await("as many as ever are posted for the one", () -> posted() > 48 + 8);
    }

    private int posted() {
        return gateway.ask(() -> gateway.loop.sockets().stream().filter(s -> s.phase == Phase.LISTENING).mapToInt(s -> s.posted).sum());
    }

    @Test
    void sixtyFourBusyListenersLeaveCellsForOthersAndGiveThemBack() {
        gateway = new RunningGateway();
        Program program = gateway.behindShim("listeners", "listeners.py", 64);
        program.expect("64");
        program.tell("64 70");
        program.expect("served");
        RunningGateway.await("more are posted", () -> posted() > 64 * 8);
        assertTrue(posted() <= 64 + 1024, posted() + " ACCEPTs of 4096 cells");
        program.kill();
        gateway.awaitEmpty();
        assertEquals(2048, (int) gateway.ask(() -> gateway.loop.inss().get(0).spareAccepts.allows(0)));
        assertEquals(1024, (int) gateway.ask(() -> gateway.loop.inss().get(0).listeners.allows(0)));
        assertEquals(2 * 24576, (int) gateway.ask(() -> gateway.loop.inss().get(0).ownSockets.allows(0)));
    }
}
