# An app of nothing but Rack: an object that is called with a request and returns status, headers and body. rackup looks for
# a server on the machine and runs this file with it.
#
# There is no Gemfile.lock, so Rack and the server are the machine's. With one, staging would install what it names.

require "cgi"
require "json"

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
  <p>Ruby #{RUBY_VERSION}, Rack #{Rack.release}</p>
  <pre>VCAP_APPLICATION=#{CGI.escapeHTML(JSON.pretty_generate(about))}</pre>
  </body>
  </html>
HTML

run ->(_request) { [200, { "content-type" => "text/html; charset=UTF-8" }, [page]] }
