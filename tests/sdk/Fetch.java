import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;

/** Java's HttpClient, which offers "Upgrade: h2c" on plain http unless told otherwise; prints one line per call. */
public class Fetch {
    public static void main(String[] args) throws Exception {
        String base = args[0];
        HttpClient client = HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NORMAL).build();

        HttpResponse<byte[]> post = client.send(
            HttpRequest.newBuilder(URI.create(base + "/upload")).POST(HttpRequest.BodyPublishers.ofByteArray(block())).build(),
            HttpResponse.BodyHandlers.ofByteArray());
        System.out.println("upload " + post.statusCode() + " " + post.version() + " " + new String(post.body()).contains(sha(block())));

        HttpResponse<byte[]> down = client.send(
            HttpRequest.newBuilder(URI.create(base + "/bytes/40")).build(), HttpResponse.BodyHandlers.ofByteArray());
        System.out.println("download " + down.statusCode() + " " + down.version() + " " + sha(down.body()));

        HttpResponse<String> moved = client.send(
            HttpRequest.newBuilder(URI.create(base + "/moved/again")).build(), HttpResponse.BodyHandlers.ofString());
        System.out.println("moved " + moved.statusCode() + " " + moved.uri().toString().substring(base.length()));

        HttpResponse<String> asked = client.send(
            HttpRequest.newBuilder(URI.create(base + "/upload")).expectContinue(true)
                .PUT(HttpRequest.BodyPublishers.ofString("body")).build(),
            HttpResponse.BodyHandlers.ofString());
        System.out.println("expect " + asked.statusCode() + " " + asked.body().toLowerCase().contains("100-continue"));

        HttpResponse<String> echo = client.send(
            HttpRequest.newBuilder(URI.create(base + "/echo/x")).build(), HttpResponse.BodyHandlers.ofString());
        System.out.println("offered " + echo.body().toLowerCase().contains("http2-settings"));
    }

    private static byte[] block() {
        byte[] block = new byte[300000];
        Arrays.fill(block, (byte) 7);
        return block;
    }

    private static String sha(byte[] data) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data));
    }
}
