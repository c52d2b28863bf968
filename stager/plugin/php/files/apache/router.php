<?php
// PHP's own web server asks this script before it serves a file. Hidden ones, as .git and .htaccess, are nobody's business.
$path = rawurldecode(strtok($_SERVER['REQUEST_URI'], '?'));
if (preg_match('~/\.(?!well-known(/|$))~', $path)) {
    http_response_code(404);
    echo "Not Found\n";
    return true;
}
return false;
