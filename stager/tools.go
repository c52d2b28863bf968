package stager

import (
	"github.com/minicf/minicf/runtimes"
	"github.com/minicf/minicf/stager/install"
	"github.com/minicf/minicf/stager/install/gems"
	"github.com/minicf/minicf/stager/install/npm"
	"github.com/minicf/minicf/stager/install/wheels"
	"github.com/minicf/minicf/stager/plugin"
)

// systemJars is where Debian's packages put the libraries of Java.
const systemJars = "/usr/share/java"

// Tools is what plugins get from outside, in the stager's service and in `minicf stage` alike. The cache is the platform's,
// or else the one given.
func Tools(platform plugin.Platform, cache string, text plugin.Text) plugin.Tools {
	if platform.Cache == "" {
		platform.Cache = cache
	}
	network := install.NetworkEnv()
	return plugin.Tools{
		Run: RunTool, Find: runtimes.Find, Jars: systemJars, Platform: platform, Text: text,
		Gems: gems.New(network), Modules: npm.Installer{Env: network}, Wheels: wheels.Installer{Env: network},
	}
}
