package stager

import (
	"github.com/minicf/minicf/runtimes"
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
	return plugin.Tools{Run: RunTool, Find: runtimes.Find, Jars: systemJars, Platform: platform, Text: text}
}
