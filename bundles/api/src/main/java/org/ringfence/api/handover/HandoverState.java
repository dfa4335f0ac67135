package org.ringfence.api.handover;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ringfence.api.system.EventPort;
import org.ringfence.api.system.SharedMemory;

/**
 * What one version of a service gives to the next: named values, opaque to whoever carries them. Only numbers, texts, arrays of primitive
 * values, further states, and what the memory bundle makes, so that no class of the giver is kept. Arrays are given, not copied: the giver
 * must not touch them any more.
 *
 * <p>{@code version} belongs to the kind and grows by one when the meaning of a name changes; a taker understands its own version
 * and the ones before, and throws {@link IllegalArgumentException} for a later one. A name that was added later is read with a default.
 * Not thread-safe.
 */
public final class HandoverState {
    private final String kind;
    private final int version;
    private final Map<String, Object> values = new LinkedHashMap<>();

    public HandoverState(String kind, int version) {
        this.kind = kind;
        this.version = version;
    }

    public String kind() {
        return kind;
    }

    public int version() {
        return version;
    }

    /**
     * Refuses what the taker does not understand.
     *
     * @throws IllegalArgumentException if the state is of another kind, or later than {@code newest}
     */
    public HandoverState expect(String expectedKind, int newest) {
        if (!kind.equals(expectedKind) || version < 1 || version > newest) {
            throw new IllegalArgumentException("state of " + kind + ", version " + version + ", where " + expectedKind + " up to version " + newest
                    + " is understood");
        }
        return this;
    }

    /** @throws IllegalArgumentException if the value is of a class that would keep a bundle's class loader alive */
    public HandoverState put(String name, Object value) {
        if (!carriable(value)) {
            throw new IllegalArgumentException(kind + "." + name + ": " + value.getClass().getName() + " cannot be handed over");
        }
        values.put(name, value);
        return this;
    }

    private static boolean carriable(Object value) {
        if (value instanceof List<?> list) {
            return list.stream().allMatch(HandoverState.class::isInstance);
        }
        return value instanceof Integer || value instanceof Long || value instanceof Boolean || value instanceof String || value instanceof HandoverState
                || value instanceof SharedMemory || value instanceof EventPort || value instanceof String[]
                || value.getClass().isArray() && value.getClass().getComponentType().isPrimitive();
    }

    public boolean has(String name) {
        return values.containsKey(name);
    }

    /** @throws IllegalArgumentException if there is no value of that name and type */
    public <T> T get(String name, Class<T> type) {
        Object value = values.get(name);
        if (!type.isInstance(value)) {
            throw new IllegalArgumentException(kind + "." + name + " is " + (value == null ? "missing" : "a " + value.getClass().getSimpleName())
                    + ", where a " + type.getSimpleName() + " is needed");
        }
        return type.cast(value);
    }

    public int number(String name) {
        return get(name, Integer.class);
    }

    public long longNumber(String name) {
        return get(name, Long.class);
    }

    public boolean flag(String name) {
        return get(name, Boolean.class);
    }

    public String text(String name) {
        return get(name, String.class);
    }

    public int[] numbers(String name) {
        return get(name, int[].class);
    }

    public long[] longNumbers(String name) {
        return get(name, long[].class);
    }

    public boolean[] flags(String name) {
        return get(name, boolean[].class);
    }

    public byte[] bytes(String name) {
        return get(name, byte[].class);
    }

    public HandoverState state(String name) {
        return get(name, HandoverState.class);
    }

    public List<HandoverState> states(String name) {
        return ((List<?>) get(name, List.class)).stream().map(HandoverState.class::cast).toList();
    }
}
