# Makes a gem of the Bundler of this machine, in the file that is given. Nothing is fetched: the Bundler that comes with Ruby is
# spread over Ruby's own directories, one that was installed has a directory of its own. Its manual and what it makes new gems
# from are left out: they are a third of its files, all of which are copied with each staging.
require "fileutils"
require "rubygems/package"
require "tmpdir"

spec = Gem::Specification.find_all_by_name("bundler").max_by(&:version)
lib = [File.join(spec.full_gem_path, "lib"), *$LOAD_PATH].find { |dir| File.exist?(File.join(dir, "bundler.rb")) }
programs = spec.executables.map { |name| [name, spec.bin_file(name)] }

Dir.mktmpdir do |dir|
  FileUtils.mkdir_p(%w[lib exe].map { |name| File.join(dir, name) })
  FileUtils.cp_r([File.join(lib, "bundler.rb"), File.join(lib, "bundler")], File.join(dir, "lib"))
  programs.each { |name, file| FileUtils.cp(file, File.join(dir, "exe", name)) }
  Dir.chdir(dir) do
    copy = Gem::Specification.new do |s|
      s.name, s.version, s.summary, s.authors = spec.name, spec.version, spec.summary, spec.authors
      s.files = Dir["{lib,exe}/**/*"].select { |f| File.file?(f) && !f.match?(%r{\Alib/bundler/(man|templates)/}) }
      s.bindir, s.executables = "exe", spec.executables
    end
    built = Gem::DefaultUserInteraction.use_ui(Gem::SilentUI.new) { Gem::Package.build(copy, true) }
    FileUtils.mv(File.join(dir, built), ARGV.fetch(0))
  end
end
