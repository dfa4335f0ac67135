package org.ringfence.gateway.internal;

import org.ringfence.api.transport.ApplicationRegion;
import org.ringfence.api.transport.InsRegion;
import org.ringfence.api.transport.TransportListener;

/** Listens to a transport on trial, to which nobody attaches. */
final class SilentListener implements TransportListener {
    @Override
    public void attached(ApplicationRegion application) {
    }

    @Override
    public void detached(ApplicationRegion application) {
    }

    @Override
    public void closed(ApplicationRegion application, int slot) {
    }

    @Override
    public void attached(InsRegion ins) {
    }

    @Override
    public void detached(InsRegion ins) {
    }
}
