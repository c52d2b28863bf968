// A web server in one file, of what is in Java itself. It needs no build: since Java 11 `java Instance.java` compiles the file when it
// starts, for which a JDK has to be there, not only what runs programs.

import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Instance {
  public static void main(String[] args) throws Exception {
    // An app of no framework finds its port in the environment, and the address by which it is reached.
    String host = System.getenv().getOrDefault("VCAP_APP_HOST", "127.0.0.1");
    int port = Integer.parseInt(System.getenv().getOrDefault("VCAP_APP_PORT", "8080"));

    byte[] page = page().getBytes(StandardCharsets.UTF_8);
    HttpServer server = HttpServer.create(new InetSocketAddress(host, port), 0);
    server.createContext("/", exchange -> {
      exchange.getResponseHeaders().set("Content-Type", "text/html; charset=UTF-8");
      exchange.sendResponseHeaders(200, page.length);
      exchange.getResponseBody().write(page);
      exchange.close();
    });
    server.start();
    System.out.println("listening on " + host + ":" + port);
  }

  static String page() {
    // The DEA tells every instance about itself, in JSON. Java has no parser for that, and one number is found without.
    String about = System.getenv().getOrDefault("VCAP_APPLICATION", "{}");
    Matcher match = Pattern.compile("\"instance_index\": *(\\d+)").matcher(about);
    int index = match.find() ? Integer.parseInt(match.group(1)) : 0;
    int hue = index * 137 % 360; // far from those of its neighbours
    return "<!DOCTYPE html>\n<html>\n<head><title>instance " + index + "</title></head>\n"
        + "<body style=\"background: hsl(" + hue + ", 60%, 85%); font-family: sans-serif\">\n"
        + "<h1>Hello from instance " + index + "</h1>\n"
        + "<p>Java " + System.getProperty("java.version") + "</p>\n"
        + "<pre>VCAP_APPLICATION=" + about.replace("&", "&amp;").replace("<", "&lt;") + "</pre>\n"
        + "</body>\n</html>\n";
  }
}
