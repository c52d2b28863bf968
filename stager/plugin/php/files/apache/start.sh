#!/bin/bash
# Serves the app in ../app with what this machine has: Apache, if it can run PHP, else PHP's own web server. The argument is
# the path of php; without one it is looked up.
php=${1:-php}
export HOME VCAP_APP_HOST VCAP_APP_PORT
export PHP_INI_SCAN_DIR=":$PWD/php" # besides the machine's own settings

# Apache runs apps as another user when root starts it, who could not read them.
if [ "$(id -u)" != 0 ]; then
  apache=$(command -v apache2 || command -v httpd)
  modules=$(dirname "$(ls -d /usr/lib*/{apache2,httpd}/modules/libphp*.so 2>/dev/null | head -1)")
fi
if [ -n "$apache" ] && [ -e "$modules/mod_mpm_prefork.so" ]; then
  export APACHE_BASEDIR=$PWD APACHE_MODULES=$modules
  export APACHE_PHP=$(ls "$modules"/libphp*.so | tail -1)
  exec "$apache" -d "$PWD" -f "$PWD/apache2.conf" -D FOREGROUND
fi

# It handles one request at a time, so there are several of it.
export PHP_CLI_SERVER_WORKERS=${PHP_CLI_SERVER_WORKERS:-4}
exec "$php" -d "opcache.lockfile_path=${TMPDIR:-/tmp}" -S "$VCAP_APP_HOST:$VCAP_APP_PORT" -t ../app router.php
