"""A Flask app. Gunicorn serves what is called `application` here; that is all that the framework wsgi asks for.

There is no requirements.txt, so Flask and gunicorn are those of the machine (minicf doctor --install python-web). With one, staging
would install what it names: from wheels in vendor/, or from the index.
"""

import json
import os
import platform

from flask import Flask, render_template_string

application = Flask(__name__)

PAGE = """<!DOCTYPE html>
<html>
<head><title>instance {{ index }}</title></head>
<body style="background: hsl({{ index * 137 % 360 }}, 60%, 85%); font-family: sans-serif">
<h1>Hello from instance {{ index }}</h1>
<p>Python {{ python }}</p>
<pre>VCAP_APPLICATION={{ about | tojson(indent=2) }}</pre>
</body>
</html>
"""


@application.route("/")
def hello():
    # The DEA tells every instance about itself, in JSON.
    about = json.loads(os.environ.get("VCAP_APPLICATION", "{}"))
    return render_template_string(PAGE, about=about, index=about.get("instance_index", 0), python=platform.python_version())
