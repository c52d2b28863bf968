"""An app of no framework, of what is in Python itself. The line of the Procfile starts it, and its port is in the environment."""

import html
import json
import os
import platform
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# The DEA tells every instance about itself, in JSON.
ABOUT = json.loads(os.environ.get("VCAP_APPLICATION", "{}"))
INDEX = ABOUT.get("instance_index", 0)
HUE = INDEX * 137 % 360  # far from those of its neighbours

PAGE = f"""<!DOCTYPE html>
<html>
<head><title>instance {INDEX}</title></head>
<body style="background: hsl({HUE}, 60%, 85%); font-family: sans-serif">
<h1>Hello from instance {INDEX}</h1>
<p>Python {platform.python_version()}, without a framework</p>
<pre>VCAP_APPLICATION={html.escape(json.dumps(ABOUT, indent=2))}</pre>
</body>
</html>
"""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = PAGE.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


host = os.environ.get("VCAP_APP_HOST", "127.0.0.1")
port = int(os.environ.get("VCAP_APP_PORT", "8080"))
ThreadingHTTPServer((host, port), Handler).serve_forever()
