package org.ringfence.shell.text;

import java.util.LinkedHashMap;
import java.util.Map;

/** Named facts about one thing: a line each for people, one object for scripts. Rows among them come as tables of their own. */
public final class Facts {
    private final Map<String, Object> values = new LinkedHashMap<>();
    private final Map<String, String> shown = new LinkedHashMap<>();

    public Facts add(String name, Object value) {
        return add(name, value, String.valueOf(value));
    }

    /** @param text the value with units, for people */
    public Facts add(String name, Object value, String text) {
        values.put(name, value);
        shown.put(name, text);
        return this;
    }

    public Map<String, Object> asMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        values.forEach((name, value) -> map.put(name.replace(' ', '_').replace("'", ""), value));
        return map;
    }

    @Override
    public String toString() {
        int width = 0;
        for (Map.Entry<String, Object> entry : values.entrySet()) {
            width = entry.getValue() instanceof Rows ? width : Math.max(width, entry.getKey().length());
        }
        StringBuilder text = new StringBuilder();
        boolean afterTable = false;
        for (Map.Entry<String, String> entry : shown.entrySet()) {
            text.append(text.isEmpty() ? "" : "\n");
            if (values.get(entry.getKey()) instanceof Rows rows) {
                afterTable = true;
                text.append('\n').append(entry.getKey()).append("\n  ").append(rows.toString(Table.WIDTH - 2).replace("\n", "\n  "));
            } else {
                text.append(afterTable ? "\n" : "");
                afterTable = false;
                text.append(entry.getKey()).append(" ".repeat(width - entry.getKey().length())).append("  ").append(entry.getValue());
            }
        }
        return text.toString();
    }
}
