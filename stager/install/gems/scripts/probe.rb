# Prints what Ruby this is, and which Bundler it has: four lines.
bundler = Gem::Specification.find_all_by_name("bundler").map(&:version).max
puts RUBY_VERSION, RbConfig::CONFIG["ruby_version"], Gem::Platform.local, bundler || "none"
