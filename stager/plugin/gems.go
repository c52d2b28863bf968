package plugin

import "context"

// GemTools are the gem tools of this machine, for bundled Ruby apps: package stager/install/gems. Package plugintest has a
// recorder in their place, so that goldens need no Ruby.
type GemTools interface {
	// Ruby tells which Ruby serves the app's runtime here. The error is a *StagingError when there is none.
	Ruby(ctx context.Context, w *Workspace) (Ruby, error)
	// Gemfile has Bundler read the app's Gemfile, which is a program. The error is a *StagingError, with Bundler's own words,
	// when it cannot be read, when Gemfile.lock does not agree with it, and when it wants another Ruby.
	Gemfile(ctx context.Context, w *Workspace) ([]Dependency, error)
	// Install returns for each gem a directory of this machine that holds it installed, as `gem install --install-dir` leaves
	// it; each is there until the staging ends, and nothing may be changed in it. What is not in a cache is fetched and
	// built, of which the log tells. The error is a *StagingError that names the gem when that fails.
	Install(ctx context.Context, w *Workspace, gems []Gem) (dirs []string, err error)
}

// Ruby is a Ruby of this machine.
type Ruby struct {
	Executable string // absolute path
	Version    string // 3.1.2
	ABI        string // what compiled gems are made for, and the name of their directory: 3.1.0
	Platform   string // as in the names of gems: x86_64-linux
	Bundler    string // version of its Bundler; "" when it has none
}

// Dependency is a gem that a Gemfile names.
type Dependency struct {
	Name   string
	Groups []string // at least one: "default" is that of gems in no group
	Here   bool     // wanted on this platform and Ruby
}

// Gem is one gem of a droplet.
type Gem struct {
	Name, Version string
	Platform      string     // for which it was compiled: x86_64-linux; "" is for any
	Remotes       []string   // servers that have it, as the lock file names them
	Git           *GitSource // where it comes from when it is no package
	File          string     // on this machine, when it is known: one of the platform's resources
}

// GitSource is a revision of a Git repository.
type GitSource struct {
	URI        string
	Revision   string // commit, 40 hex digits
	Submodules bool
}

// FileName is the gem's as a package: rack-1.2.2.gem.
func (g Gem) FileName() string {
	name := g.Name + "-" + g.Version
	if g.Platform != "" {
		name += "-" + g.Platform
	}
	return name + ".gem"
}
