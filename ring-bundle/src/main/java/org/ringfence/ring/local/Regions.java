package org.ringfence.ring.local;

import java.io.IOException;
import java.util.Arrays;

/** The regions that are attached, and what their tables take of the heap. Event loop's thread only. */
final class Regions {
    LocalApplicationRegion[] applications = {};
    LocalInsRegion[] inss = {};
    private final HeapBudget heap;
    private LocalApplicationRegion leaving;

    Regions(HeapBudget heap) {
        this.heap = heap;
    }

    LocalApplicationRegion application(int id) {
        for (LocalApplicationRegion application : applications) {
            if (application.id() == id) {
                return application;
            }
        }
        return null;
    }

    /** The one that processes of a launch attach to; null if that is {@link #leaving}. */
    LocalApplicationRegion application(String launch) {
        for (LocalApplicationRegion application : applications) {
            if (application != leaving && application.launch().equals(launch)) {
                return application;
            }
        }
        return null;
    }

    LocalInsRegion ins(int id) {
        for (LocalInsRegion ins : inss) {
            if (ins.id() == id) {
                return ins;
            }
        }
        return null;
    }

    /** @throws IOException if the heap has no room for another region */
    void makeRoom() throws IOException {
        heap.another(applications.length + inss.length);
    }

    /** See {@link org.ringfence.ring.region.MappedRegion#takeHeap}. */
    boolean takeHeap(long bytes) {
        return heap.take(bytes);
    }

    void add(LocalApplicationRegion application) {
        applications = with(applications, application);
        heap.attached(application.heapBytes());
    }

    void add(LocalInsRegion ins) {
        inss = with(inss, ins);
        heap.attached(ins.heapBytes());
    }

    private static <T> T[] with(T[] array, T element) {
        T[] longer = Arrays.copyOf(array, array.length + 1);
        longer[array.length] = element;
        return longer;
    }

    /** The application is about to be removed. */
    void leaving(LocalApplicationRegion application) {
        leaving = application;
    }

    void remove(LocalApplicationRegion application) {
        leaving = null;
        applications = Arrays.stream(applications).filter(a -> a != application).toArray(LocalApplicationRegion[]::new);
        heap.detached(application.heapBytes());
    }

    void remove(LocalInsRegion ins) {
        inss = Arrays.stream(inss).filter(i -> i != ins).toArray(LocalInsRegion[]::new);
        heap.detached(ins.heapBytes());
    }

    void clear() {
        applications = new LocalApplicationRegion[0];
        inss = new LocalInsRegion[0];
    }

    void nextTurn() {
        for (LocalInsRegion ins : inss) {
            ins.nextTurn();
        }
        for (LocalApplicationRegion application : applications) {
            application.nextTurn();
        }
    }

    boolean haveWork() {
        for (LocalInsRegion ins : inss) {
            if (ins.hasWork()) {
                return true;
            }
        }
        for (LocalApplicationRegion application : applications) {
            if (application.hasWork()) {
                return true;
            }
        }
        return false;
    }

    void fallAsleep() {
        for (LocalApplicationRegion application : applications) {
            application.fallAsleep();
        }
        for (LocalInsRegion ins : inss) {
            ins.fallAsleep();
        }
    }

    void wakeUp() {
        for (LocalApplicationRegion application : applications) {
            application.wakeUp();
        }
        for (LocalInsRegion ins : inss) {
            ins.wakeUp();
        }
    }
}
