package org.ringfence.shell.configuration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;
import org.osgi.service.metatype.AttributeDefinition;

class ValuesTest {
    /** A definition as the MetaType service gives it: without options it has an empty array of them. */
    private record Key(int type, int cardinality, String... options) implements AttributeDefinition {
        @Override
        public String getName() {
            return "a key";
        }

        @Override
        public String getID() {
            return "key";
        }

        @Override
        public String getDescription() {
            return "";
        }

        @Override
        public int getCardinality() {
            return cardinality;
        }

        @Override
        public int getType() {
            return type;
        }

        @Override
        public String[] getOptionValues() {
            return options;
        }

        @Override
        public String[] getOptionLabels() {
            return options;
        }

        /** As Felix: numbers up to 100. */
        @Override
        public String validate(String value) {
            return type == LONG && Long.parseLong(value) > 100 ? "too large" : "";
        }

        @Override
        public String[] getDefaultValue() {
            return new String[0];
        }
    }

    @Test
    void takesWhatFits() {
        assertNull(Values.wrong(new Key(AttributeDefinition.LONG, 0), "42"));
        assertNull(Values.wrong(new Key(AttributeDefinition.STRING, 0), "anything, at all"));
        assertNull(Values.wrong(new Key(AttributeDefinition.STRING, 100), "8080, 8443"));
        assertNull(Values.wrong(new Key(AttributeDefinition.LONG, 100), new Long[] {1L, 2L}));
        assertNull(Values.wrong(new Key(AttributeDefinition.STRING, 0, "RESET", "REFUSE"), "RESET"));
    }

    @Test
    void saysWhatToWriteInstead() {
        assertEquals("is no number: write one", Values.wrong(new Key(AttributeDefinition.LONG, 0), "many"));
        assertEquals("is no number: write one", Values.wrong(new Key(AttributeDefinition.INTEGER, 100), "1, x"));
        assertEquals("is neither true nor false: write one of them", Values.wrong(new Key(AttributeDefinition.BOOLEAN, 0), "yes"));
        assertEquals("is unknown: write one of RESET, REFUSE", Values.wrong(new Key(AttributeDefinition.STRING, 0, "RESET", "REFUSE"), "DROP"));
        assertEquals("is out of range: docs/configuration.md says what it takes", Values.wrong(new Key(AttributeDefinition.LONG, 0), "101"));
    }
}
