import com.sun.net.httpserver.HttpServer;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;

/**
 * {@code serve PORT DIRECTORY}: the JDK's own HTTP server. {@code ask URL FILE TIMES}: fetches by the JDK's own client, all at
 * once, and ends with 0 if each got the file.
 */
public class Pages {
    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("serve")) {
            Path directory = Path.of(arguments[2]);
            HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[1])), 128);
            server.createContext("/", exchange -> {
                Path file = directory.resolve(exchange.getRequestURI().getPath().substring(1));
                exchange.sendResponseHeaders(200, Files.size(file));
                try (OutputStream body = exchange.getResponseBody(); InputStream bytes = Files.newInputStream(file)) {
                    bytes.transferTo(body);
                }
            });
            server.setExecutor(Executors.newFixedThreadPool(8));
            server.start();
            return;
        }
        byte[] expected = Files.readAllBytes(Path.of(arguments[2]));
        HttpClient client = HttpClient.newHttpClient();
        HttpRequest request = HttpRequest.newBuilder(URI.create(arguments[1])).version(HttpClient.Version.HTTP_1_1).build();
        var answers = IntStream.range(0, Integer.parseInt(arguments[3]))
                .mapToObj(i -> client.sendAsync(request, HttpResponse.BodyHandlers.ofByteArray())).toList();
        long right = answers.stream().map(CompletableFuture::join).filter(answer -> Arrays.equals(answer.body(), expected)).count();
        System.exit(right == answers.size() ? 0 : 1);
    }
}
