package org.ringfence.api;

import static org.junit.jupiter.api.Assertions.fail;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import aQute.bnd.differ.Baseline;
import aQute.bnd.differ.DiffPluginImpl;
import aQute.bnd.osgi.Jar;
import aQute.bnd.osgi.Processor;
import aQute.bnd.service.diff.Delta;
import aQute.bnd.service.diff.Diff;
import org.junit.jupiter.api.Test;

/** The API's packages against those of {@code baseline/}: what has changed shows in the package's version. */
class BaselineIT {

    private static final String REMEDY = ": see docs/decisions/0016-the-api-against-its-last-release.md";

    /** What differs inside a package, a line for each. */
    private static void changes(Diff diff, String indent, List<String> lines) {
        for (Diff child : diff.getChildren()) {
            if (child.getDelta() != Delta.UNCHANGED && child.getDelta() != Delta.IGNORED) {
                lines.add(indent + child.getDelta() + " " + child.getType() + " " + child.getName());
                changes(child, indent + "  ", lines);
            }
        }
    }

    @Test
    void everyPackageHasTheVersionThatItsChangesAskFor() throws Exception {
        List<String> wrong = new ArrayList<>();
        try (Jar released = new Jar(Path.of("baseline/org.ringfence.api.jar").toFile());
                Jar built = new Jar(Path.of(System.getProperty("api.jar")).toFile());
                Processor reporter = new Processor()) {
            for (Baseline.Info info : new Baseline(reporter, new DiffPluginImpl()).baseline(built, released, null)) {
                if (info.packageDiff.getDelta() == Delta.REMOVED) {
                    wrong.add(info.packageName + " is no longer exported" + REMEDY);
                } else if (info.mismatch) {
                    wrong.add(info.packageName + " " + info.newerVersion + " should be " + info.suggestedVersion + " (was "
                            + info.olderVersion + ")" + REMEDY);
                    changes(info.packageDiff, "  ", wrong);
                }
            }
        }
        if (!wrong.isEmpty()) {
            fail(String.join("\n", wrong));
        }
    }
}
