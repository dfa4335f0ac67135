package org.ringfence.ring.region;

import java.nio.ByteBuffer;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.ring.layout.HeaderLayout;

/**
 * Where the parts of a region lie. Read from the header once, when the region was just formatted and nobody else had it; from then on this
 * copy goes from version to version, since a peer can write the header.
 */
record RegionPlaces(int abi, int slots, int slotsAt, int poolAt, long poolBytes, int commandsAt, int commands, int cellsAt, int cells,
        int toBackendAt, int toFrontendAt) {
    static RegionPlaces read(ByteBuffer memory) {
        return new RegionPlaces(memory.getInt(HeaderLayout.ABI), memory.getInt(HeaderLayout.SLOTS), offset(memory, HeaderLayout.SLOTS_OFFSET),
                offset(memory, HeaderLayout.POOL_OFFSET), memory.getLong(HeaderLayout.POOL_BYTES), offset(memory, HeaderLayout.COMMANDS_OFFSET),
                memory.getInt(HeaderLayout.COMMANDS), offset(memory, HeaderLayout.CELLS_OFFSET), memory.getInt(HeaderLayout.CELLS),
                offset(memory, HeaderLayout.TO_BACKEND_OFFSET), offset(memory, HeaderLayout.TO_FRONTEND_OFFSET));
    }

    private static int offset(ByteBuffer memory, int field) {
        return Math.toIntExact(memory.getLong(field));
    }

    static RegionPlaces from(HandoverState state) {
        return new RegionPlaces(state.number("abi"), state.number("slots"), state.number("slotsAt"), state.number("poolAt"),
                state.longNumber("poolBytes"), state.number("commandsAt"), state.number("commands"), state.number("cellsAt"), state.number("cells"),
                state.number("toBackendAt"), state.number("toFrontendAt"));
    }

    void save(HandoverState state) {
        state.put("abi", abi).put("slots", slots).put("slotsAt", slotsAt).put("poolAt", poolAt).put("poolBytes", poolBytes);
        state.put("commandsAt", commandsAt).put("commands", commands).put("cellsAt", cellsAt).put("cells", cells);
        state.put("toBackendAt", toBackendAt).put("toFrontendAt", toFrontendAt);
    }
}
