package org.ringfence.ring.local;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.ringfence.ring.layout.AttachLayout;

/** The packet that goes with a socket's descriptor, {@code struct rf_offer}; one is used for all. Event loop's thread only. */
final class Offer {
    private static final byte[] NO_NAMES = new byte[AttachLayout.OFFER_BYTES - AttachLayout.OFFER_LOCAL];

    /** All of it; the names go to {@link AttachLayout#OFFER_LOCAL}. */
    final byte[] bytes = new byte[AttachLayout.OFFER_BYTES];
    private final ByteBuffer words = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());

    /** Of a socket without names, until they are put there. */
    void begin(int slot, int generation) {
        words.putInt(AttachLayout.OFFER_SLOT, slot).putInt(AttachLayout.OFFER_GENERATION, generation);
        System.arraycopy(NO_NAMES, 0, bytes, AttachLayout.OFFER_LOCAL, NO_NAMES.length);
    }
}
