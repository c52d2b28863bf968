package plugin

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Tools is everything that a plugin may use from outside. The zero value works for apps without dependencies.
type Tools struct {
	Run      Runner           // runs bundler, npm and the like; nil where no such tool may run
	Gems     GemTools         // installs the gems of bundled Ruby apps; nil where none may be installed
	Modules  ModuleTools      // installs the modules of Node.js apps; nil likewise
	Wheels   WheelTools       // installs the packages of Python apps; nil likewise
	Find     Finder           // looks programs of this machine up; nil finds none
	Jars     string           // directory with this machine's Java libraries, for database drivers; "" is none
	Now      func() time.Time // the clock of the log's first line; nil is time.Now
	Random   io.Reader        // for secrets; nil is the system's
	Platform Platform
	// Buildpacks are directories or git URLs, in the order in which they are asked.
	Buildpacks []string
	Text       Text              // which era's wording the scripts and the log have; "" is T1
	Show       func(line string) // shows a line to the app's owner at once, in the task's log; nil shows none
	LinksInto  func(dir string)  // is told of each directory of this machine into which a plugin links; nil where nobody has to know
	AppID      string            // the app's id, by which caches of its own are told apart; "" has none
	Scratch    string            // an empty directory for what tools leave behind, their HOME and TMPDIR; "" has one made and removed
}

// Runner runs a program and returns what it printed, stdout and stderr together. It ends the program and all that it
// started when ctx ends. The error tells that it did not exit with 0.
type Runner func(ctx context.Context, c Command) (output []byte, err error)

// Finder returns the absolute path of the first of the programs that this machine has: is there an Apache, a gunicorn?
type Finder func(names ...string) (path string, ok bool)

// Command is one run of a program.
type Command struct {
	Argv []string // the program and its arguments
	Dir  string
	Env  []string // "K=V", all of it
	// Output gets what the program prints, as it comes, besides what Runner returns; nil is none.
	Output io.Writer
	Access
}

// Access is what a program uses of the machine beside its staging's own directories and the system's programs and files: places in a cache. A runner that
// keeps stagings apart lets it see nothing else.
type Access struct {
	Read  []string // files and directories; some may be missing
	Write []string // … that exist already
}

// Platform is what the operator tells plugins about the platform. The stager of 2012 had it in a YAML file named by
// PLATFORM_CONFIG.
type Platform struct {
	Cache               string `yaml:"cache"`                // directory for downloaded and built gems and packages; "" is none
	GemSource           string `yaml:"gem_source"`           // URL from which missing gems are fetched; "" is what the app's Gemfile.lock says
	NPMRegistry         string `yaml:"npm_registry"`         // URL of the registry of Node.js modules; "" is the public one
	PythonIndex         string `yaml:"python_index"`         // URL of the index of Python packages; "" is the public one
	InsightAgent        string `yaml:"insight_agent"`        // zip of the Tomcat Insight agent
	AutoconfigResources string `yaml:"autoconfig_resources"` // directory with what auto-reconfiguration put into apps, see config/platform.yml
}

// Resolve returns a copy whose paths went through path; none stays none.
func (p Platform) Resolve(path func(string) string) Platform {
	for _, at := range []*string{&p.Cache, &p.InsightAgent, &p.AutoconfigResources} {
		if *at != "" {
			*at = path(*at)
		}
	}
	return p
}

// Text is the era whose wording generated files have. The scripts of both do the same.
type Text string

const (
	// T1 is the wording of the tutorial: vcap-staging 0.1.63, October 2012.
	T1 Text = "T1"
	// T2 is the wording of the last framework plugins, February 2013: scripts name the droplet's directory as
	// $DROPLET_BASE_DIR, and the log has no first line about itself.
	T2 Text = "T2"
)

// ParseText reads the name of an era; "" is T1.
func ParseText(s string) (Text, error) {
	switch t := Text(s); t {
	case "":
		return T1, nil
	case T1, T2:
		return t, nil
	}
	return "", fmt.Errorf("text %q: want T1 or T2", s)
}
