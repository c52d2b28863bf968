"""The least that a Django project can say of itself. It lies beside manage.py, as in the Django of 2012, where detection looks."""

import os
import secrets

SECRET_KEY = os.environ.get("SECRET_KEY") or secrets.token_hex(32)
ALLOWED_HOSTS = ["*"]  # the router has looked at the host already
ROOT_URLCONF = "urls"
WSGI_APPLICATION = "wsgi.application"

# The startup script runs `manage.py migrate`, once for each instance. Each has a database of its own, in the directory that goes
# when it is stopped: what has to stay belongs into a service.
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "instance.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
