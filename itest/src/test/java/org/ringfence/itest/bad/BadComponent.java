package org.ringfence.itest.bad;

/** A component that throws when it is activated. */
public final class BadComponent {
    public static final String XML = """
            <?xml version="1.0" encoding="UTF-8"?>
            <scr:component xmlns:scr="http://www.osgi.org/xmlns/scr/v1.3.0" name="bad" immediate="true">
              <implementation class="org.ringfence.itest.bad.BadComponent"/>
              <service><provide interface="org.ringfence.api.policy.PolicyChain"/></service>
            </scr:component>
            """;

    public BadComponent() {
        throw new IllegalStateException("for the test");
    }
}
