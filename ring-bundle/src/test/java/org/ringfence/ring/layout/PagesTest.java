package org.ringfence.ring.layout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What sources and pages say of pages: they are there, and so are the sections that are named. */
class PagesTest {
    private static final Set<String> ENDS = Set.of("java", "c", "h", "sh", "py", "md", "tsv", "cfg", "xml", "bnd");
    private static final Set<String> NOT_OURS = Set.of(".git", "target", "build", "data", "node_modules");
    /** {@code docs/protocol.md, "Order"}, with what Markdown puts around it. */
    private static final Pattern SECTION = Pattern.compile("([\\w./-]+\\.md)[`)]{0,2},? \"([A-Z][^\"]+)\"(?: and \"([A-Z][^\"]+)\")?");
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)#\\s:]+)\\)");
    private static final Pattern PAGE = Pattern.compile("\\bdocs/[\\w./-]+\\.md\\b");
    private static Path root;
    private static final List<Path> files = new ArrayList<>();

    @BeforeAll
    static void find() throws IOException {
        root = Path.of(System.getProperty("ringfence.root", "."));
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                return !folder.equals(root) && NOT_OURS.contains(folder.getFileName().toString()) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                String name = file.getFileName().toString();
                if (ENDS.contains(name.substring(name.lastIndexOf('.') + 1))) {
                    files.add(file);
                }
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private interface Check {
        /** What is wrong with it; null if nothing. */
        String of(Path file, Matcher found) throws IOException;
    }

    private static void every(Pattern pattern, int atLeast, boolean pagesOnly, Check check) throws IOException {
        List<String> wrong = new ArrayList<>();
        int seen = 0;
        for (Path file : files) {
            if (pagesOnly && !file.toString().endsWith(".md")) {
                continue;
            }
            Matcher found = pattern.matcher(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1));
            while (found.find()) {
                seen++;
                String fault = check.of(file, found);
                if (fault != null) {
                    wrong.add(root.relativize(file) + ": " + fault);
                }
            }
        }
        assertEquals(List.of(), wrong);
        assertTrue(seen >= atLeast, "only " + seen + " found");
    }

    /** A page by the name a file gives it: from the root, beside the file, or in {@code docs/}. */
    private static Path page(Path file, String name) {
        for (Path candidate : List.of(root.resolve(name), file.resolveSibling(name), root.resolve("docs").resolve(name))) {
            if (Files.isRegularFile(candidate)) {
                return candidate;
            }
        }
        return null;
    }

    private static boolean hasSection(Path page, String section) throws IOException {
        String text = Files.readString(page);
        return Pattern.compile("(?m)^#+ " + Pattern.quote(section) + "|\\*\\*" + Pattern.quote(section) + "[.,]?\\*\\*").matcher(text).find();
    }

    @Test
    void everySectionThatIsNamedIsThere() throws IOException {
        every(SECTION, 20, false, (file, found) -> {
            Path page = page(file, found.group(1));
            if (page == null) {
                return "no page " + found.group(1);
            }
            for (int group = 2; group <= 3; group++) {
                if (found.group(group) != null && !hasSection(page, found.group(group))) {
                    return found.group(1) + " has no section \"" + found.group(group) + "\"";
                }
            }
            return null;
        });
    }

    @Test
    void everyPageThatIsNamedIsThere() throws IOException {
        every(PAGE, 50, false, (file, found) -> Files.isRegularFile(root.resolve(found.group())) ? null : "no page " + found.group());
    }

    @Test
    void everyLinkBetweenPagesLeadsToAFile() throws IOException {
        every(LINK, 10, true, (file, found) -> Files.exists(file.resolveSibling(found.group(1))) ? null : "no file " + found.group(1));
    }
}
