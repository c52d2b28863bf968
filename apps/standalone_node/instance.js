// An app of no framework: what starts it is the line of the Procfile, and nothing but files with that name is expected of it. It
// finds its port in the environment.

const http = require('http');

const about = JSON.parse(process.env.VCAP_APPLICATION || '{}'); // what the DEA tells the instance about itself
const index = about.instance_index || 0;
const hue = (index * 137) % 360; // far from those of its neighbours

const server = http.createServer((request, response) => {
  response.setHeader('Content-Type', 'text/html; charset=UTF-8');
  response.end(`<!DOCTYPE html>
<body style="background: hsl(${hue}, 60%, 85%); font-family: sans-serif">
<h1>Hello from instance ${index}</h1>
<p>Node.js ${process.version}, without a framework</p>
<pre>${Object.keys(process.env).filter((name) => name.startsWith('VCAP_')).sort().join('\n')}</pre>
`);
});
server.listen(process.env.VCAP_APP_PORT || 8080, process.env.VCAP_APP_HOST || '127.0.0.1');
