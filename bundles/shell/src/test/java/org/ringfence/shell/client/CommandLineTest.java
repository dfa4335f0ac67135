package org.ringfence.shell.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class CommandLineTest {
    @Test
    void oneArgumentIsALineAsItWouldBeTyped() {
        assertEquals("connections | grep nginx", ShellClient.command("connections | grep nginx"));
    }

    @Test
    void ofSeveralArgumentsEachIsOneWord() {
        assertEquals("block 192.0.2.0/24 --for=10m", ShellClient.command("block", "192.0.2.0/24", "--for=10m"));
        assertEquals("policy block set prefixes \"192.0.2.1, ::1\"", ShellClient.command("policy", "block", "set", "prefixes", "192.0.2.1, ::1"));
        assertEquals("echo \"\" \"a\\\"b\" \"\\$x\" \";\"", ShellClient.command("echo", "", "a\"b", "$x", ";"));
    }
}
