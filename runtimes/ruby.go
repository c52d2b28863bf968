package runtimes

// rubyFamily needs more than Ruby: the apps of the tutorial have no Gemfile.lock, so they use what the machine has.
func rubyFamily() Family {
	return Family{
		Name: "ruby", Purpose: "Sinatra, Rack and Rails apps; the tutorial",
		Runtimes:    []string{"ruby18", "ruby19", "ruby193", "ruby"},
		Executables: []string{"ruby"},
		Version:     []string{"-v"},
		Check:       []string{"-e", rubyCheck},
		Packages: map[string][]string{
			"apt": {"ruby", "ruby-sinatra", "ruby-webrick", ifKnownToAPT("ruby-rackup")},
			"dnf": {"ruby"}, "brew": {"ruby"}, "apk": {"ruby"},
		},
		gems: []string{"sinatra", "rackup", "webrick"},
	}
}

// railsFamily is what Rails apps use of the machine unless their Gemfile.lock names it.
func railsFamily() Family {
	return Family{
		Name: "rails", Purpose: "Rails apps that do not bring Rails and SQLite in a bundle",
		Executables: []string{"ruby"},
		Version:     []string{"-v"},
		Check: []string{"-e", `missing = %w[rails sqlite3].reject { |gem| Gem::Specification.find_all_by_name(gem).any? }
puts missing
exit missing.empty?`},
		Packages: map[string][]string{
			"apt": {"ruby-rails", "ruby-sqlite3"}, "dnf": {"ruby"}, "brew": {"ruby"}, "apk": {"ruby"},
		},
		gems: []string{"rails", "sqlite3"},
	}
}

// rubyTestsFamily is what the tests of bundled apps need: Bundler, the servers that such apps name in their Gemfile, and what
// builds a gem that is written in C.
func rubyTestsFamily() Family {
	return Family{
		Name: "ruby-tests", Purpose: "minicf's own tests", ForTests: true,
		Executables: []string{"bash", "/bin/bash"},
		Version:     []string{"-c", "bundle --version"},
		Check: []string{"-c", `missing=
for program in bundle gcc make; do
  command -v $program >/dev/null || missing="$missing $program"
done
ruby -rrbconfig -e 'exit File.exist?(RbConfig::CONFIG["rubyhdrdir"] + "/ruby.h")' || missing="$missing ruby.h"
ruby -e 'exit Gem::Specification.find_all_by_name("puma").any?' || missing="$missing puma"
[ -z "$missing" ] || { echo $missing; exit 1; }`},
		Packages: map[string][]string{
			"apt": {"bundler", "puma", ifKnownToAPT("thin"), "ruby-dev", "gcc", "make", "libc6-dev"},
			"dnf": {"rubygem-bundler", "ruby-devel", "gcc", "make"}, "brew": {"ruby"}, "apk": {"ruby-bundler", "ruby-dev", "build-base"},
		},
		gems: []string{"puma", "thin"},
	}
}

// ifKnownToAPT is a package that only some releases have, to be installed by those alone: ruby-rackup came with Rack 3,
// in Debian 13.
func ifKnownToAPT(name string) string {
	return "$(apt-cache pkgnames " + name + " | grep -x " + name + ")"
}

// rubyCheck prints the gems that `ruby app.rb -p PORT` lacks for an app that requires sinatra: the library, any server,
// and from Rack 3 on the part of Rack that starts servers.
const rubyCheck = `
here = lambda do |library|
  begin
    require library
    true
  rescue LoadError
    false
  end
end
missing = []
missing << "sinatra" unless here["sinatra/base"]
missing << "webrick" unless %w[webrick puma thin].any?(&here)
missing << "rackup" if defined?(Rack) && Rack.release.to_i > 2 && !here["rackup"]
puts missing
exit missing.empty?
`
