# By this file and application.rb the platform knows a Rails app.
require_relative "application"
Rails.application.initialize!
