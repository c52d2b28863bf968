<?php
// One page. Apache with PHP serves it where the machine has that, and else PHP's own web server.

// The DEA tells every instance about itself, in JSON.
$about = getenv('VCAP_APPLICATION') ?: '{}';
$index = json_decode($about, true)['instance_index'] ?? 0;
$hue = $index * 137 % 360; // far from those of its neighbours
?>
<!DOCTYPE html>
<html>
<head><title>instance <?= $index ?></title></head>
<body style="background: hsl(<?= $hue ?>, 60%, 85%); font-family: sans-serif">
<h1>Hello from instance <?= $index ?></h1>
<p>PHP <?= PHP_VERSION ?> (<?= PHP_SAPI ?>), of <?= ini_get('memory_limit') ?> memory</p>
<pre>VCAP_APPLICATION=<?= htmlspecialchars($about) ?></pre>
</body>
</html>
