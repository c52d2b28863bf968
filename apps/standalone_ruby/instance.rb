# An app of no framework, on WEBrick, which was a part of Ruby until 3.0 and is the machine's since then. The line of the
# Procfile starts it, and its port is in the environment.

require "cgi"
require "json"
require "webrick"

# The DEA tells every instance about itself, in JSON.
about = JSON.parse(ENV["VCAP_APPLICATION"] || "{}")
index = about["instance_index"] || 0
hue = index * 137 % 360 # far from those of its neighbours

page = <<~HTML
  <!DOCTYPE html>
  <html>
  <head><title>instance #{index}</title></head>
  <body style="background: hsl(#{hue}, 60%, 85%); font-family: sans-serif">
  <h1>Hello from instance #{index}</h1>
  <p>Ruby #{RUBY_VERSION}, without a framework</p>
  <pre>VCAP_APPLICATION=#{CGI.escapeHTML(JSON.pretty_generate(about))}</pre>
  </body>
  </html>
HTML

server = WEBrick::HTTPServer.new(BindAddress: ENV["VCAP_APP_HOST"] || "127.0.0.1", Port: ENV["VCAP_APP_PORT"] || 8080)
server.mount_proc("/") do |_request, response|
  response["Content-Type"] = "text/html; charset=UTF-8"
  response.body = page
end
server.start
