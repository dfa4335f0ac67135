package org.ringfence.shell.configuration;

import java.util.Arrays;
import java.util.List;
import org.osgi.service.metatype.AttributeDefinition;

/** Whether a value, as a file or a person writes it, is one that a key takes by its MetaType definition. */
final class Values {
    private Values() {
    }

    /** What is wrong with a value, and what to write; null if nothing is. */
    static String wrong(AttributeDefinition definition, Object value) {
        List<String> parts = parts(definition, value);
        if (definition.getCardinality() == 0 && parts.size() > 1) {
            return "is more than one value: write one";
        }
        for (String part : parts) {
            String wrong = wrongPart(definition, part);
            if (wrong != null) {
                return wrong;
            }
        }
        return null;
    }

    private static List<String> parts(AttributeDefinition definition, Object value) {
        if (value instanceof Object[] array) {
            return Arrays.stream(array).map(String::valueOf).toList();
        }
        String text = String.valueOf(value);
        return definition.getCardinality() == 0 ? List.of(text.strip()) : Arrays.stream(text.split("[,\\s]+")).filter(p -> !p.isEmpty()).toList();
    }

    private static String wrongPart(AttributeDefinition definition, String part) {
        String[] options = definition.getOptionValues();
        if (options != null && options.length > 0 && !Arrays.asList(options).contains(part)) {
            return "is unknown: write one of " + String.join(", ", options);
        }
        boolean right = switch (definition.getType()) {
            case AttributeDefinition.INTEGER, AttributeDefinition.SHORT, AttributeDefinition.BYTE -> parses(() -> Integer.parseInt(part));
            case AttributeDefinition.LONG -> parses(() -> Long.parseLong(part));
            case AttributeDefinition.DOUBLE, AttributeDefinition.FLOAT -> parses(() -> Double.parseDouble(part));
            case AttributeDefinition.BOOLEAN -> part.equals("true") || part.equals("false");
            default -> true;
        };
        if (!right) {
            return definition.getType() == AttributeDefinition.BOOLEAN ? "is neither true nor false: write one of them" : "is no number: write one";
        }
        String range = definition.validate(part); // null: not checked; empty: right
        return range == null || range.isEmpty() ? null : "is out of range: docs/configuration.md says what it takes";
    }

    private static boolean parses(Runnable parse) {
        try {
            parse.run();
            return true;
        } catch (NumberFormatException e) {
            return false;
        }
    }
}
