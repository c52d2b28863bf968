<%-- The app's only page: it shows which instance answers, each in a colour of its own. Nothing in it is of javax.servlet or
     jakarta.servlet, so that it runs in Tomcat 9 and Tomcat 10 alike. --%>
<%@ page contentType="text/html; charset=UTF-8" import="java.util.regex.Matcher, java.util.regex.Pattern" %>
<%
  // The DEA tells every instance about itself, in JSON. Java has no parser for that, and one number is found without.
  String about = System.getenv("VCAP_APPLICATION");
  if (about == null) about = "{}"; // not on minicf
  Matcher match = Pattern.compile("\"instance_index\": *(\\d+)").matcher(about);
  int index = match.find() ? Integer.parseInt(match.group(1)) : 0;
  int hue = index * 137 % 360; // far from those of its neighbours
%>
<!DOCTYPE html>
<html>
<head><title>instance <%= index %></title></head>
<body style="background: hsl(<%= hue %>, 60%, 85%); font-family: sans-serif">
<h1>Hello from instance <%= index %></h1>
<p>Java <%= System.getProperty("java.version") %> in <%= application.getServerInfo() %></p>
<pre>VCAP_APPLICATION=<%= about.replace("&", "&amp;").replace("<", "&lt;") %></pre>
</body>
</html>
