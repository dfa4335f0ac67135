import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Executors;

/** The JDK's own HTTP server with a pool of 50 threads, as many a small service has it: PageServer PORT DIRECTORY. */
public final class PageServer {
    private static final int THREADS = 50;

    public static void main(String[] arguments) throws IOException {
        Path root = Path.of(arguments[1]).toRealPath();
        HttpServer server = HttpServer.create(new InetSocketAddress(Integer.parseInt(arguments[0])), 0);
        server.setExecutor(Executors.newFixedThreadPool(THREADS));
        server.createContext("/", exchange -> {
            try (exchange; InputStream body = exchange.getRequestBody()) {
                body.readAllBytes();
                String name = exchange.getRequestURI().getPath().substring(1);
                Path file = root.resolve(name.isEmpty() ? "index.html" : name).normalize();
                if (!file.startsWith(root) || !Files.isRegularFile(file)) {
                    exchange.sendResponseHeaders(404, -1);
                    return;
                }
                exchange.sendResponseHeaders(200, Files.size(file));
                Files.copy(file, exchange.getResponseBody());
            }
        });
        server.start();
    }
}
