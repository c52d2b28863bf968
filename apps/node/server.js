// A web server of what is in Node.js itself. Staging starts it by the script "start" of package.json; modules that are named there
// under "dependencies" would be installed then, too.

const http = require('http');

// The DEA tells every instance about itself, in JSON.
const about = JSON.parse(process.env.VCAP_APPLICATION || '{}');
const index = about.instance_index || 0;
const hue = (index * 137) % 360; // far from those of its neighbours

const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

const page = `<!DOCTYPE html>
<html>
<head><title>instance ${index}</title></head>
<body style="background: hsl(${hue}, 60%, 85%); font-family: sans-serif">
<h1>Hello from instance ${index}</h1>
<p>Node.js ${process.version}</p>
<pre>VCAP_APPLICATION=${escape(JSON.stringify(about, null, 2))}</pre>
</body>
</html>
`;

const server = http.createServer((request, response) => {
  response.setHeader('Content-Type', 'text/html; charset=UTF-8');
  response.end(page);
});

// PORT is what most apps of today look for; in 2012, and for the Node.js of 2012, it was VCAP_APP_PORT alone. VCAP_APP_HOST is the
// address by which the instance is reached.
server.listen(process.env.PORT || process.env.VCAP_APP_PORT || 8080, process.env.VCAP_APP_HOST || '127.0.0.1');
