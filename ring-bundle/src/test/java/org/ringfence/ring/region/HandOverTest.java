package org.ringfence.ring.region;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.ringfence.api.handover.HandoverState;

/** Nothing that a region knows is forgotten when another version takes over: each field is handed over, or made anew from what is. */
class HandOverTest {
    /** Fields that follow from others, or are the next version's own; what a batch of news had left goes back into the bitmap. */
    private static final Set<String> DERIVED = Set.of("shared", "firstOrder", "slots", "slotsAt", "slotBytes", "poolAt", "pages", "offsets", "region", "at", "entries",
            "cellsAt", "cells", "summaries", "toIns", "abi", "memory", "pool", "own", "peers", "countAt", "stampsAt", "snapshot", "keys", "first", "end", "later", "laterCount", "heldBack", "until", "last", "cooling", "heap", "most");

    private static void nothingForgotten(Object object, HandoverState state, Class<?> upTo) {
        List<String> forgotten = new ArrayList<>();
        for (Class<?> type = object.getClass(); type != upTo; type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers()) && !DERIVED.contains(field.getName()) && !state.has(field.getName())) {
                    forgotten.add(type.getSimpleName() + "." + field.getName());
                }
            }
        }
        assertEquals(List.of(), forgotten, "not handed over: add them to handOver() and to the constructor that takes a state");
    }

    private static void allHandedOver(Object object, Class<?> type, HandoverState state) throws ReflectiveOperationException {
        for (Field field : type.getDeclaredFields()) {
            if (Modifier.isStatic(field.getModifiers())) {
                continue;
            }
            field.setAccessible(true);
            Object value = field.get(object);
            if (value instanceof Readiness || value instanceof IdleRings || value instanceof Slots || value instanceof SocketWords) {
                allHandedOver(value, value.getClass(), state); // into the region's own state
            } else if (value != null && state.has(field.getName()) && state.get(field.getName(), Object.class) instanceof HandoverState part
                    && !(value instanceof RegionPlaces)) {
                nothingForgotten(value, part, Object.class);
            } else if (!DERIVED.contains(field.getName())) {
                assertEquals(true, state.has(field.getName()), type.getSimpleName() + "." + field.getName()
                        + " is not handed over: add it to handOver() and to the constructor that takes a state");
            }
        }
    }

    @Test
    void nothingOfARegionIsForgotten() throws ReflectiveOperationException {
        try (TestRegions regions = new TestRegions()) {
            for (MappedRegion region : List.of(regions.application, regions.ins)) {
                HandoverState state = region.handOver();
                for (Class<?> type = region.getClass().getSuperclass(); type != Object.class; type = type.getSuperclass()) {
                    allHandedOver(region, type, state);
                }
            }
        }
    }
}
