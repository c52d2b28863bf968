<%@ page contentType="text/html; charset=UTF-8" isELIgnored="false" %>
<!DOCTYPE html>
<html>
<head><title>instance ${index}</title></head>
<body style="background: hsl(${hue}, 60%, 85%); font-family: sans-serif">
<h1>Hello from instance ${index}</h1>
<p>Spring ${spring} on Java ${java} in ${pageContext.servletContext.serverInfo}</p>
<pre>VCAP_APPLICATION=${about}</pre>
</body>
</html>
