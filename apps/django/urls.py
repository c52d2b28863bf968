"""The project's only page."""

import html
import json
import os
import platform

import django
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.urls import path

PAGE = """<!DOCTYPE html>
<html>
<head><title>instance {index}</title></head>
<body style="background: hsl({hue}, 60%, 85%); font-family: sans-serif">
<h1>Hello from instance {index}</h1>
<p>Django {django} on Python {python}, with {users} users in its database</p>
<pre>VCAP_APPLICATION={about}</pre>
</body>
</html>
"""


def hello(request):
    # The DEA tells every instance about itself, in JSON.
    about = json.loads(os.environ.get("VCAP_APPLICATION", "{}"))
    index = about.get("instance_index", 0)
    return HttpResponse(PAGE.format(
        index=index, hue=index * 137 % 360, django=django.get_version(), python=platform.python_version(),
        users=User.objects.count(), about=html.escape(json.dumps(about, indent=2)),
    ))


urlpatterns = [path("", hello)]
