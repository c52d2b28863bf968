# Has Bundler read the Gemfile of the directory, and writes which gems it names, as JSON, into the file that is given. It fails,
# and says why, if Gemfile.lock does not agree with it, or if it wants another Ruby.
require "bundler"
require "json"

begin
  definition = Bundler::Definition.build(Bundler.default_gemfile, Bundler.default_lockfile, nil)
  definition.ensure_equivalent_gemfile_and_lockfile
  definition.validate_ruby!
rescue Bundler::BundlerError => e
  abort e.message
end

gems = definition.dependencies.map do |gem|
  { name: gem.name, groups: gem.groups, here: gem.should_include? ? true : false }
end
File.write(ARGV.fetch(0), JSON.generate(gems))
