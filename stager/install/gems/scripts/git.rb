# Has Bundler install the gems of a Git revision into its path: the arguments are the repository's URI, the revision and
# whether there are submodules.
require "bundler"
require "fileutils"

uri, revision, submodules = ARGV
begin
  source = Bundler::Source::Git.new("uri" => uri, "revision" => revision, "submodules" => submodules == "true")
  source.remote!
  source.specs.each { |spec| source.install(spec) }
rescue Bundler::BundlerError, Gem::InstallError => e
  abort e.message
end
FileUtils.rm_rf(Dir[File.join(source.install_path, "**", ".git")] + [File.join(Bundler.bundle_path, "cache")])
