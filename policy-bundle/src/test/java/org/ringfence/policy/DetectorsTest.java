package org.ringfence.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.ringfence.api.policy.Finding;
import org.ringfence.api.policy.Listener;
import org.ringfence.api.policy.Measure;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.Request;
import org.ringfence.api.policy.Stage;
import org.ringfence.api.policy.Verdict;

/** What each detector finds, what it does about it under pressure, and whom it leaves alone. */
class DetectorsTest {
    private static final long SECOND = 1_000_000_000;

    private final SourceLedger sources = new SourceLedger(Settings.of(SourceLedger.Configuration.class, Map.of("sources", 1024)));
    private final Peer peer = Peer.of("203.0.113.7");
    private int pressure;
    private int overload;
    private int unread;
    private long normalHead;
    private long normalBody;

    DetectorsTest() {
        peer.listener = new Listener() {
            @Override
            public String application() {
                return "test";
            }

            @Override
            public int port() {
                return 80;
            }

            @Override
            public String protocol() {
                return "http";
            }

            @Override
            public int open() {
                return 10;
            }

            @Override
            public int held() {
                return 0;
            }

            @Override
            public long heldBytes() {
                return 0;
            }

            @Override
            public long waitingBytes() {
                return 0;
            }

            @Override
            public int unread() {
                return unread;
            }

            @Override
            public int pressure() {
                return pressure;
            }

            @Override
            public int overload() {
                return overload;
            }

            @Override
            public long normalHeadNanoseconds() {
                return normalHead;
            }

            @Override
            public long normalBodyRate() {
                return normalBody;
            }

            @Override
            public long normalResponseRate() {
                return 0;
            }
        };
    }

    private record Asked(int ranges, int overlappingRanges) implements Request {
        @Override
        public long contentLength() {
            return -1;
        }

        @Override
        public boolean isChunked() {
            return false;
        }

        @Override
        public boolean isHead() {
            return false;
        }
    }

    private void stage(Stage stage, long seconds, long bytes) {
        peer.stage = stage;
        peer.stageSince = System.nanoTime() - seconds * SECOND;
        peer.lastIn = peer.stageSince;
        peer.lastOut = peer.stageSince;
        peer.stageBytes = bytes;
    }

    private static void assertFound(Measure measure, String evidence, Finding finding) {
        assertNotNull(finding, "nothing was found");
        assertEquals(measure, finding.measure());
        assertTrue(finding.evidence().startsWith(evidence), finding.evidence());
    }

    private Policy slowHeaders() {
        return new SlowHeaders(sources, Settings.of(SlowHeaders.Configuration.class, Map.of()));
    }

    @Test
    void aHeadOfAFewBytesInManySecondsIsSlow() {
        stage(Stage.HEAD, 21, 118);
        normalHead = 400_000_000;
        assertFound(Measure.NOTE, "118 B of request head in 21.0 s, normal here 0.400 s", slowHeaders().inspect(peer));
    }

    @Test
    void aSlowHeadIsResetUnderPressureUnlessItIsHeld() {
        stage(Stage.HEAD, 21, 118);
        pressure = 1;
        assertFound(Measure.RESET, "118 B", slowHeaders().inspect(peer));
        peer.held = true;
        assertFound(Measure.NOTE, "118 B", slowHeaders().inspect(peer));
    }

    @Test
    void aThingIsToldOnce() {
        stage(Stage.HEAD, 21, 118);
        Policy detector = slowHeaders();
        assertNotNull(detector.inspect(peer));
        assertNull(detector.inspect(peer));
    }

    @Test
    void aClientWith30KbitPerSecondAndThreeSecondsOfRoundTripIsNeverSlow() {
        pressure = 2;
        unread = 10;
        stage(Stage.HEAD, 9, 700); // three round trips for one head
        assertNull(slowHeaders().inspect(peer));
        stage(Stage.HEAD, 12, 3750);
        assertNull(slowHeaders().inspect(peer));
        stage(Stage.BODY, 60, 200_000);
        peer.inRate = 3000;
        normalBody = 10_000_000;
        assertNull(new SlowBody(sources, Settings.of(SlowBody.Configuration.class, Map.of())).inspect(peer));
        stage(Stage.RESPONSE, 60, 200_000);
        peer.outWaiting = 100_000;
        peer.outRate = 3000;
        peer.lastOut = System.nanoTime() - 6 * SECOND; // a lost segment and its repetitions
        assertNull(new SlowRead(sources, Settings.of(SlowRead.Configuration.class, Map.of())).inspect(peer));
        peer.peerWindow = 0;
        assertNull(new ZeroWindow(sources, Settings.of(ZeroWindow.Configuration.class, Map.of())).inspect(peer));
        peer.outWaiting = 0;
        stage(Stage.IDLE, 4, 0);
        assertNull(new IdleHoarding(sources, Settings.of(IdleHoarding.Configuration.class, Map.of())).inspect(peer));
    }

    @Test
    void aBodyThatTricklesIsSlow() {
        stage(Stage.BODY, 15, 100);
        peer.inRate = 3;
        pressure = 1;
        normalBody = 50_000;
        assertFound(Measure.RESET, "3 B/s of a request body", new SlowBody(sources, Settings.of(SlowBody.Configuration.class, Map.of())).inspect(peer));
    }

    @Test
    void aResponseThatIsNotTakenIsSlow() {
        stage(Stage.RESPONSE, 11, 100);
        peer.outWaiting = 5000;
        pressure = 1;
        assertFound(Measure.RESET, "takes 0 B/s", new SlowRead(sources, Settings.of(SlowRead.Configuration.class, Map.of())).inspect(peer));
    }

    @Test
    void aLineThatLosesPacketsMayStallForLongerThanAShutWindow() {
        stage(Stage.RESPONSE, 31, 100);
        peer.outWaiting = 127_000;
        peer.outRate = 300;
        peer.lastOut = System.nanoTime() - 12 * SECOND;
        pressure = 1;
        SlowRead reads = new SlowRead(sources, Settings.of(SlowRead.Configuration.class, Map.of("seconds", 11)));
        peer.peerWindow = 60_000;
        assertNull(reads.inspect(peer));
        peer.peerWindow = 1000;
        assertFound(Measure.RESET, "takes 300 B/s, nothing for 12.0 s", reads.inspect(peer));
        peer.peerWindow = 60_000;
        peer.lastOut = System.nanoTime() - 34 * SECOND;
        assertNotNull(reads.inspect(peer));
    }

    @Test
    void nobodyIsSlowBeforeThereWasSomethingToTake() {
        stage(Stage.RESPONSE, 30, 0); // the application took its time
        peer.outWaiting = 5;
        peer.outRate = Long.MAX_VALUE;
        peer.lastOut = System.nanoTime();
        pressure = 1;
        assertNull(new SlowRead(sources, Settings.of(SlowRead.Configuration.class, Map.of())).inspect(peer));
    }

    @Test
    void aShutWindowIsFound() {
        stage(Stage.RESPONSE, 11, 100);
        peer.outWaiting = 5000;
        peer.peerWindow = 0;
        assertFound(Measure.NOTE, "receive window shut for 11.0 s", new ZeroWindow(sources, Settings.of(ZeroWindow.Configuration.class, Map.of())).inspect(peer));
    }

    @Test
    void idleConnectionsGoOnlyWhileOthersWait() {
        Policy idle = new IdleHoarding(sources, Settings.of(IdleHoarding.Configuration.class, Map.of()));
        stage(Stage.IDLE, 30, 0);
        pressure = 1;
        assertNull(idle.inspect(peer));
        unread = 3;
        assertFound(Measure.REFUSE, "idle for 30.0 s, while 3 connections wait", idle.inspect(peer));
    }

    @Test
    void noMoreIdleConnectionsGoThanWaitForTheApplication() {
        Policy idle = new IdleHoarding(sources, Settings.of(IdleHoarding.Configuration.class, Map.of()));
        pressure = 1;
        unread = 2;
        int gone = 0;
        for (int id = 1; id <= 20; id++) {
            Peer hoarder = new Peer(id, peer.peerAddress);
            hoarder.listener = peer.listener;
            hoarder.stage = Stage.IDLE;
            hoarder.stageSince = System.nanoTime() - 30 * SECOND;
            hoarder.lastIn = hoarder.stageSince;
            gone += idle.inspect(hoarder) == null ? 0 : 1;
        }
        assertEquals(2, gone);
    }

    @Test
    void overlappingRangesAreAbuse() {
        Policy ranges = new ByteRanges(sources, Settings.of(ByteRanges.Configuration.class, Map.of()));
        assertNull(ranges.request(peer, new Asked(20, 2)));
        assertFound(Measure.RESET, "1300 ranges of bytes in one request, 1299 overlapping", ranges.request(peer, new Asked(1300, 1299)));
    }

    @Test
    void aSourceWithTooManyConnectionsIsRefusedUnderPressureAndOthersAreNot() {
        Policy connections = new Connections(sources, Settings.of(Connections.Configuration.class, Map.of("connections", 20, "perSecond", 1000, "pressed", MeasureChoice.refuse)));
        for (int i = 0; i < 30; i++) {
            sources.admit(peer);
        }
        assertEquals(Verdict.PASS, connections.admit(peer));
        assertFound(Measure.NOTE, "30 connections", connections.admission());
        pressure = 1;
        assertEquals(Verdict.REFUSE, connections.admit(peer));
        Peer other = Peer.of("203.0.113.8");
        other.listener = peer.listener;
        assertEquals(Verdict.PASS, connections.admit(other));
        assertNull(connections.admission());
    }

    @Test
    void whoConnectsAThousandTimesIsFoundToTheLast() {
        Policy connections = new Connections(sources, Settings.of(Connections.Configuration.class, Map.of("connections", 20, "perSecond", 1_000_000, "calm", MeasureChoice.shrink)));
        for (int i = 1; i <= 1000; i++) {
            Peer next = new Peer(i, peer.peerAddress());
            next.listener = peer.listener;
            sources.admit(next);
            connections.admit(next);
            assertEquals(i > 20, connections.admission() != null, i + " connections");
        }
    }

    @Test
    void thatASourceHasTooManyConnectionsIsNotedTenTimesASecond() {
        Policy connections = new Connections(sources, Settings.of(Connections.Configuration.class, Map.of("connections", 20, "perSecond", 1_000_000)));
        long began = System.nanoTime();
        int noted = 0;
        for (int i = 1; i <= 1000; i++) {
            Peer next = new Peer(i, peer.peerAddress());
            next.listener = peer.listener;
            sources.admit(next);
            connections.admit(next);
            noted += connections.admission() == null ? 0 : 1;
        }
        assertTrue(noted > 0, "it is");
        long most = 1 + (System.nanoTime() - began) / (SECOND / 10);
        assertTrue(noted <= most, noted + " of " + most);
    }

    @Test
    void aSourceWithTooManyConnectionsIsSlowedDownForAsLongAsItHasThem() {
        Policy connections = new Connections(sources, Settings.of(Connections.Configuration.class, Map.of("connections", 2, "perSecond", 1000, "pressed", MeasureChoice.throttle)));
        for (int i = 0; i < 3; i++) {
            sources.admit(peer);
        }
        assertNull(connections.inspect(peer), "while the listener is calm");
        pressure = 1;
        assertEquals(Verdict.PASS, connections.admit(peer));
        assertEquals(Measure.THROTTLE, connections.inspect(peer).measure());
        assertEquals(Measure.THROTTLE, connections.inspect(peer).measure(), "it goes on");
        sources.closed(peer);
        assertNull(connections.inspect(peer));
    }

    @Test
    void refusedConnectionsDoNotCountAsOpen() {
        Policy connections = new Connections(sources, Settings.of(Connections.Configuration.class, Map.of("connections", 2, "perSecond", 1000, "calm", MeasureChoice.refuse)));
        RankedPolicyChain chain = new RankedPolicyChain(System::nanoTime);
        chain.add(sources, Map.of("service.ranking", 950, "service.id", 1L));
        chain.add(connections, Map.of("service.ranking", 650, "service.id", 2L));
        chain.add(new AllowPolicy(Settings.of(AllowPolicy.Configuration.class, Map.of())), Map.of("service.ranking", -1000, "service.id", 3L));
        for (int i = 0; i < 2; i++) {
            assertEquals(Verdict.ALLOW, chain.admit(peer));
        }
        for (int i = 0; i < 20; i++) {
            assertEquals(Verdict.REFUSE, chain.admit(peer));
        }
        chain.closed(peer);
        assertEquals(Verdict.ALLOW, chain.admit(peer));
    }

    @Test
    void aFloodOfRequestsIsThrottledWhileTheApplicationDoesNotKeepUpAndNeverReset() {
        Policy requests = new Requests(sources, Settings.of(Requests.Configuration.class, Map.of("perSecond", 50)));
        peer.requests = 5;
        for (int i = 0; i < 1000; i++) {
            sources.request(peer, new Asked(0, 0));
        }
        pressure = overload = 1;
        assertFound(Measure.NOTE, "100 requests a second", requests.inspect(peer));
        pressure = overload = 2;
        assertFound(Measure.THROTTLE, "100 requests a second", requests.inspect(peer));
        assertEquals(Measure.THROTTLE, requests.inspect(peer).measure(), "it goes on");
    }

    @Test
    void manyRequestsAreNotThrottledForConnectionsThatAreHeldOrResponsesThatWait() {
        Policy requests = new Requests(sources, Settings.of(Requests.Configuration.class, Map.of("perSecond", 50)));
        peer.requests = 5;
        for (int i = 0; i < 1000; i++) {
            sources.request(peer, new Asked(0, 0));
        }
        pressure = 2;
        assertFound(Measure.NOTE, "100 requests a second", requests.inspect(peer));
    }

    @Test
    void aSourceIsBlockedWhenItHasEarnedIt() {
        Policy detector = new SlowHeaders(sources, Settings.of(SlowHeaders.Configuration.class, Map.of("blockAfter", 3, "hard", MeasureChoice.block)));
        pressure = 2;
        Measure last = null;
        for (int i = 1; i <= 3; i++) {
            Peer connection = new Peer(i, peer.peerAddress());
            connection.listener = peer.listener;
            connection.stage = Stage.HEAD;
            connection.stageSince = System.nanoTime() - 21 * SECOND;
            last = detector.inspect(connection).measure();
            assertEquals(i < 3 ? Measure.RESET : Measure.BLOCK, last, "penalty " + i);
        }
    }
}
