package org.ringfence.shell.text;

import java.util.Map;

/** Writes maps, lists, numbers, booleans, strings and null as JSON (RFC 8259); anything else as the string it says it is. */
public final class Json {
    private Json() {
    }

    public static String of(Object value) {
        StringBuilder text = new StringBuilder();
        write(value, text);
        return text.toString();
    }

    private static void write(Object value, StringBuilder text) {
        if (value == null || value instanceof Boolean || value instanceof Integer || value instanceof Long) {
            text.append(value);
        } else if (value instanceof Double number) {
            text.append(Double.isFinite(number) ? number.toString() : "null");
        } else if (value instanceof Map<?, ?> map) {
            String gap = "{";
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                text.append(gap);
                quote(String.valueOf(entry.getKey()), text);
                text.append(": ");
                write(entry.getValue(), text);
                gap = ", ";
            }
            text.append(map.isEmpty() ? "{}" : "}");
        } else if (value instanceof Iterable<?> list) {
            text.append('[');
            String gap = "";
            for (Object element : list) {
                text.append(gap);
                write(element, text);
                gap = ", ";
            }
            text.append(']');
        } else if (value instanceof Rows rows) {
            write(rows.asMaps(), text);
        } else if (value instanceof Facts facts) {
            write(facts.asMap(), text);
        } else {
            quote(value.toString(), text);
        }
    }

    private static void quote(String string, StringBuilder text) {
        text.append('"');
        for (int i = 0; i < string.length(); i++) {
            char c = string.charAt(i);
            switch (c) {
                case '"' -> text.append("\\\"");
                case '\\' -> text.append("\\\\");
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\t' -> text.append("\\t");
                default -> {
                    if (c < 0x20 || Character.isSurrogate(c) || c == 0x7f) {
                        text.append(String.format("\\u%04x", (int) c));
                    } else {
                        text.append(c);
                    }
                }
            }
        }
        text.append('"');
    }
}
