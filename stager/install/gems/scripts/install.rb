# Installs gems, each into a directory of its own: the arguments are a .gem and a directory in turn. Before each it prints
# "== x.gem", so that it is known whose fault it is when something fails.
require "fileutils"
require "rubygems/installer"

Gem::DefaultUserInteraction.ui = Gem::SilentUI.new
ARGV.each_slice(2) do |gem, dir|
  $stdout.puts("== #{File.basename(gem)}")
  $stdout.flush
  begin
    Gem::Installer.at(gem, install_dir: dir, ignore_dependencies: true, force: true, wrappers: true, env_shebang: true, document: []).install
  rescue StandardError => e
    abort e.message
  end
  FileUtils.rm_rf(%w[cache doc build_info].map { |name| File.join(dir, name) })
end
