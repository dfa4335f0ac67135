package org.ringfence.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ringfence.api.policy.Evidence;

/** Which mode a listener has by the configuration of hold. */
class HoldPolicyTest {
    private final HoldPolicy hold = new HoldPolicy(configuration());

    private static HoldPolicy.Configuration configuration(String... listeners) {
        return Settings.of(HoldPolicy.Configuration.class, Map.of("listeners", listeners));
    }

    private Evidence mode(int port) {
        Peer peer = Peer.of("192.0.2.7");
        peer.localPort = port;
        return hold.hold(peer).evidence();
    }

    @Test
    void aListenerIsNamedByItsPortOrByApplicationAndPort() {
        hold.configure(configuration("8080=http-request, " + Peer.of("192.0.2.7").application() + ":8081=tls-client-hello"));
        assertEquals(Evidence.HTTP_REQUEST, mode(8080));
        assertEquals(Evidence.TLS_CLIENT_HELLO, mode(8081));
        assertEquals(Evidence.AUTO, mode(8082));
        assertEquals(Evidence.NONE, mode(22), "a server that speaks first");
        assertEquals(List.of(), hold.problems());
    }

    @ParameterizedTest
    @ValueSource(strings = {"8080=http", "8080", "=data", "x:=data", "65536=data", "8080=data=data", "8080=DATA", "-1=data"})
    void aWrongListenerIsRefusedAndTheOldOnesStay(String wrong) {
        hold.configure(configuration("8080=http-request"));
        hold.configure(configuration("8081=data", wrong));
        assertEquals(Evidence.HTTP_REQUEST, mode(8080));
        assertEquals(Evidence.AUTO, mode(8081));
        assertEquals(1, hold.problems().size());
        assertTrue(hold.problems().get(0).startsWith("'" + wrong + "' is no PORT=MODE"), hold.problems().toString());
    }
}
