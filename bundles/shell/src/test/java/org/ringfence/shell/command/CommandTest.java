package org.ringfence.shell.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is written of a command's result. */
class CommandTest {
    private static Object written(Object result, Object... words) throws Exception {
        Command command = new Command(new Usage("any", "says something").flag("--json", "for scripts")) {
            @Override
            protected Object run(Arguments arguments, Screen screen) {
                return result;
            }
        };
        return command.execute(null, List.of(words));
    }

    @Test
    void aCommandThatHasWrittenAllItselfHasNothingBehindIt() throws Exception {
        assertNull(written(null));
        assertNull(written(null, "--json"));
    }

    @Test
    void aResultIsJsonIfThatIsAskedFor() throws Exception {
        assertEquals("{\"a\": 1}", written(Map.of("a", 1), "--json"));
        assertEquals("{a=1}", written(Map.of("a", 1)));
    }
}
