# Makes packages of installed gems and all that they need. The arguments are the directory for them and the gems' names. It
# prints a Gemfile.lock in which the gems that are named are the dependencies.
require "fileutils"
require "rubygems/package"
require "tmpdir"

out, *names = ARGV
out = File.expand_path(out)

# A distribution may have put the files of a gem elsewhere than into the gem's own directory. Of gems that are part of Ruby the
# package is empty: Ruby has its own files of them.
def copy_files(spec, dir)
  return FileUtils.mkdir_p(File.join(dir, "lib")) if spec.default_gem?
  FileUtils.cp_r(File.join(spec.full_gem_path, "."), dir) if File.directory?(spec.full_gem_path)
  return if Dir.exist?(File.join(dir, "lib"))
  FileUtils.mkdir_p(File.join(dir, "lib"))
  base = spec.name.tr("-", "/")
  $LOAD_PATH.each do |path|
    FileUtils.cp_r(Dir[File.join(path, "{#{base},#{spec.name}}{,.rb}")].uniq, File.join(dir, "lib"))
  end
end

# Libraries that were compiled go where Ruby finds them without knowing that they were.
def copy_extensions(spec, dir)
  return if spec.extensions.empty? || spec.default_gem?
  FileUtils.cp_r(Dir[File.join(spec.extension_dir, "*")].reject { |f| f.end_with?("gem.build_complete") }, File.join(dir, "lib"))
end

specs = {}
todo = names.dup
until todo.empty?
  name = todo.shift
  next if specs[name] || name == "bundler"
  specs[name] = Gem::Specification.find_by_name(name)
  todo.concat(specs[name].runtime_dependencies.map(&:name))
end

specs.each_value do |spec|
  Dir.mktmpdir do |dir|
    copy_files(spec, dir)
    copy_extensions(spec, dir)
    Dir.chdir(dir) do
      package = Gem::Specification.new do |s|
        s.name, s.version, s.summary, s.authors = spec.name, spec.version, spec.summary, spec.authors
        s.require_paths = spec.require_paths.select { |path| !path.start_with?("/") && Dir.exist?(path) }
        s.bindir = spec.bindir
        s.executables = spec.executables.select { |name| File.exist?(File.join(spec.bindir, name)) }
        s.files = Dir.glob("**/*", File::FNM_DOTMATCH).select { |f| File.file?(f) }
        spec.runtime_dependencies.each { |d| s.add_dependency(d.name, *d.requirement.as_list) }
      end
      built = Gem::DefaultUserInteraction.use_ui(Gem::SilentUI.new) { Gem::Package.build(package, true) }
      FileUtils.mv(built, out)
    end
  end
end

puts "GEM", "  remote: http://127.0.0.1:9/", "  specs:"
specs.sort.each do |name, spec|
  puts "    #{name} (#{spec.version})"
  spec.runtime_dependencies.sort_by(&:name).each do |d|
    puts "      #{d.name}" + (d.requirement.none? ? "" : " (#{d.requirement.as_list.sort.reverse.join(", ")})")
  end
end
puts "", "PLATFORMS", "  ruby", "", "DEPENDENCIES", names.sort.map { |n| "  #{n}" }
