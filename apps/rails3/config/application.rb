# The least that a Rails app can say of itself. There is no Gemfile.lock, so Rails, SQLite and the server are the machine's
# (minicf doctor --install rails). With one, staging would install what it names.

require "rails"
require "action_controller/railtie"
require "active_record/railtie"

class Application < Rails::Application
  config.load_defaults Rails::VERSION::STRING.to_f
  config.cache_classes = true
  config.eager_load = true
  config.log_level = :info
  config.logger = ActiveSupport::Logger.new($stdout) # which is logs/stdout.log of the instance
end
