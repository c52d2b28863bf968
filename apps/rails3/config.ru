# How servers start a Rails app.
require_relative "config/environment"
run Rails.application
