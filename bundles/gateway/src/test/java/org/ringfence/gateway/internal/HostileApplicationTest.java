package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.ringfence.api.policy.Verdict;

/** An application that was taken over: it costs itself, and nobody else. */
class HostileApplicationTest {
    private final RunningGateway gateway = new RunningGateway();
    private Socket bystander;

    @BeforeEach
    void anotherApplicationServes() throws IOException {
        bystander = new Socket(InetAddress.getLoopbackAddress(), gateway.behindShim("echo", "echo.py").number());
        bystander.setSoTimeout(20_000);
        assertServed(bystander);
    }

    private static void assertServed(Socket socket) throws IOException {
        socket.getOutputStream().write(42);
        assertEquals(42, socket.getInputStream().read());
    }

    @AfterEach
    void theOtherApplicationStillServes() throws IOException {
        try (Socket socket = bystander) {
            assertServed(socket);
        } finally {
            gateway.close();
        }
    }

    private Program hostile(String program, Object... arguments) {
        Object[] all = new Object[arguments.length + 1];
        all[0] = gateway.state.resolve("attach.sock");
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        return gateway.outside(program, all);
    }

    private void awaitOnlyBystander() {
        RunningGateway.await("only the other application is left", () -> gateway.applications() == 1);
        RunningGateway.await("the listener and the connection of the other application are left", () -> gateway.relayedSockets() == 2);
    }

    @Test
    void aCommandTailBeyondTheRingDetachesTheApplicationAndOnlyIt() {
        Program program = hostile("violate.py", "tail");
        program.expect("broken");
        program.expect("detached");
        awaitOnlyBystander();
        assertTrue(gateway.log().contains("entries ahead, beyond capacity 1024: detaching 'hostile'"), gateway.log());
    }

    @ParameterizedTest
    @CsvSource({"out, 'bytes ahead, beyond 16384'", "grant, 'which it was not granted'"})
    void anImpossibleOutRingDetachesTheApplicationAndOnlyIt(String way, String why) throws IOException {
        try (ServerSocket outside = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Program program = hostile("violate.py", way, outside.getLocalPort());
            program.expect("broken");
            program.expect("detached");
        }
        awaitOnlyBystander();
        assertTrue(gateway.log().contains(why), gateway.log());
    }

    @Test
    void aHeadBeyondTheTailDetachesTheApplicationWhenBytesArrive() throws IOException {
        try (ServerSocket outside = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Program program = hostile("violate.py", "head", outside.getLocalPort());
            try (Socket peer = outside.accept()) {
                program.expect("broken");
                peer.getOutputStream().write(new byte[100]);
                program.expect("detached");
            }
        }
        awaitOnlyBystander();
        assertTrue(gateway.log().contains("bytes more than it was given"), gateway.log());
    }

    @Test
    void aHelloOfAnotherVersionIsAnsweredEprotoWithTheGatewaysVersion() {
        hostile("versions.py").expect("error 71 version 3 descriptors 0");
        assertTrue(gateway.log().contains("protocol version 99, this gateway speaks 3"), gateway.log());
    }

    @Test
    void whoTakesAClosedConnectionBackLeavesNothingBehind() throws IOException {
        try (ServerSocket outside = new ServerSocket()) {
            outside.setReceiveBufferSize(4096);
            outside.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            Program program = hostile("leave.py", "dissolve", outside.getLocalPort());
            try (Socket peer = outside.accept()) {
                program.expect("left");
                peer.setSoLinger(true, 0);
            }
        }
        awaitOnlyBystander();
    }

    @Test
    void whoReadsAwayWhatTellsOfAnEndLeavesNothingBehind() throws IOException {
        try (ServerSocket outside = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Program program = hostile("leave.py", "unread", outside.getLocalPort());
            try (Socket peer = outside.accept()) {
                program.expect("connected");
                peer.setSoLinger(true, 0);
            }
            program.expect("left");
        }
        awaitOnlyBystander();
    }

    @Test
    void whoConnectsTwiceAtOnceIsConnectedWithTheFirst() throws IOException {
        try (ServerSocket first = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
                ServerSocket second = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Program program = hostile("leave.py", "twice", first.getLocalPort(), second.getLocalPort());
            String errors = program.line();
            assertTrue(errors.matches("(0|115) 114"), errors);
            first.accept().close();
            program.kill();
        }
        awaitOnlyBystander();
    }

    @Test
    void whoSaysHelloAndGoesAtOnceLeavesNothingBehind() {
        hostile("goodbye.py").expect("done");
        awaitOnlyBystander();
    }

    @Test
    void whoRingsWithoutEndDoesNotHoldTheGateway() {
        hostile("flood.py").expect("bound");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void everyRandomCallThatNamesACellIsAnswered(int seed) {
        gateway.policies.verdict = Verdict.REFUSE; // nothing goes anywhere
        Program program = hostile("fuzz.py", seed, 100_000);
        program.expect("all answered");
        program.kill();
        gateway.policies.verdict = Verdict.ALLOW;
        awaitOnlyBystander();
    }

    /** Another application opens a listener and answers a client, who closes. */
    private void anotherOneServes(String name) throws IOException {
        long sockets = gateway.relayedSockets();
        Program other = gateway.behindShim(name, "echo.py");
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), other.number())) {
            socket.setSoTimeout(20_000);
            assertServed(socket);
        }
        other.kill();
        RunningGateway.await("its sockets are closed at the INS", () -> gateway.relayedSockets() == sockets);
    }

    @ParameterizedTest
    @CsvSource({"70, '70'", "5000, '512 ENOBUFS'"})
    void whoOpensManyListenersStopsNobody(int wanted, String opened) throws IOException {
        Program program = gateway.behindShim("listeners", "listeners.py", wanted);
        program.expect(opened);
        anotherOneServes("other");
        program.tell("70 1");
        program.expect("served");
        program.tell("1 200");
        program.expect("served");
        assertServed(bystander);
        program.kill();
        awaitOnlyBystander();
        anotherOneServes("after");
        Program again = gateway.behindShim("again", "listeners.py", wanted);
        again.expect(opened);
        again.kill();
        awaitOnlyBystander();
    }
}
