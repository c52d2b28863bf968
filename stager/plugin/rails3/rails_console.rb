# A Ruby prompt inside the running app, for one person at a time: what `vmc rails-console` talks to. The DEA says where to
# listen; who may come in is in .consoleaccess, which only the app's owner can read.
require "socket"
require "stringio"
require "yaml"
require File.expand_path("../../config/environment", __FILE__)

access = YAML.load_file(File.expand_path("../.consoleaccess", __FILE__))
$stderr.sync = true

# allowed? asks for the name and the password.
allowed = lambda do |client|
  given = ["Login: ", "Password: "].map do |prompt|
    client.print(prompt)
    client.gets.to_s.strip
  end
  given == access.values_at("username", "password")
end

# answer evaluates a line as irb would and returns what it printed and its value.
answer = lambda do |line, scope|
  printed, $stdout = $stdout, StringIO.new
  begin
    value = "=> #{scope.eval(line).inspect}"
  rescue Exception => e # also a SyntaxError, and an exit, which would end the console for everybody
    value = "#{e.class}: #{e.message}"
  ensure
    text, $stdout = $stdout.string, printed
  end
  text + value
end

server = TCPServer.new(ENV["VCAP_CONSOLE_IP"].to_s.empty? ? "127.0.0.1" : ENV["VCAP_CONSOLE_IP"], ENV["VCAP_CONSOLE_PORT"].to_i)
loop do
  client = server.accept
  begin
    if allowed.call(client)
      scope = TOPLEVEL_BINDING.dup
      number = 0
      loop do
        client.print("irb():%03d:0> " % (number += 1))
        line = client.gets or break
        break if %w[exit quit].include?(line.strip)
        client.puts(answer.call(line, scope))
      end
    else
      client.puts("Login failed")
    end
  rescue SystemCallError, IOError => e
    warn("console: #{e.message}") # the client is gone
  ensure
    client.close
  end
end
