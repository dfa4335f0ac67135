package org.ringfence.api.policy;

/** What the trial's connection came through: a listener that nothing is known of. */
final class TrialListener implements Listener {
    static final TrialListener INSTANCE = new TrialListener();

    @Override
    public String application() {
        return "trial";
    }

    @Override
    public int port() {
        return 0;
    }

    @Override
    public String protocol() {
        return "unknown";
    }

    @Override
    public int open() {
        return 0;
    }

    @Override
    public int held() {
        return 0;
    }

    @Override
    public long heldBytes() {
        return 0;
    }

    @Override
    public long waitingBytes() {
        return 0;
    }

    @Override
    public int unread() {
        return 0;
    }

    @Override
    public int pressure() {
        return 0;
    }

    @Override
    public int overload() {
        return 0;
    }

    @Override
    public long normalHeadNanoseconds() {
        return 0;
    }

    @Override
    public long normalBodyRate() {
        return 0;
    }

    @Override
    public long normalResponseRate() {
        return 0;
    }
}
