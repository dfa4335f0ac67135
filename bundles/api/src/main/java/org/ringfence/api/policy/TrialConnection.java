package org.ringfence.api.policy;

/** The connection a new policy or chain is tried with: one that does not exist, see {@link Connection#TRIAL}. */
public final class TrialConnection implements Connection {
    public static final TrialConnection INSTANCE = new TrialConnection();

    @Override
    public long id() {
        return TRIAL;
    }

    @Override
    public String application() {
        return "trial";
    }

    @Override
    public boolean inbound() {
        return true;
    }

    @Override
    public byte[] peerAddress() {
        return new byte[4];
    }

    @Override
    public int peerPort() {
        return 0;
    }

    @Override
    public int localPort() {
        return 0;
    }

    @Override
    public long since() {
        return System.nanoTime();
    }

    @Override
    public long bytesIn() {
        return 0;
    }

    @Override
    public long bytesOut() {
        return 0;
    }

    @Override
    public Listener listener() {
        return TrialListener.INSTANCE;
    }

    @Override
    public Stage stage() {
        return Stage.SILENT;
    }

    @Override
    public long stageSince() {
        return since();
    }

    @Override
    public long stageBytes() {
        return 0;
    }

    @Override
    public boolean isHeld() {
        return false;
    }

    @Override
    public long heldBytes() {
        return 0;
    }

    @Override
    public long outWaiting() {
        return 0;
    }

    @Override
    public long lastIn() {
        return since();
    }

    @Override
    public long lastOut() {
        return since();
    }

    @Override
    public long inRate() {
        return 0;
    }

    @Override
    public long outRate() {
        return 0;
    }

    @Override
    public long requests() {
        return 0;
    }

    @Override
    public long peerWindow() {
        return -1;
    }
}
