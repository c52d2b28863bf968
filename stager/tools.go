package stager

import (
	"github.com/minicf/minicf/runtimes"
	"github.com/minicf/minicf/stager/plugin"
)

// Tools is what plugins get from outside, in the stager's service and in `minicf stage` alike. The cache is the platform's,
// or else the one given.
func Tools(platform plugin.Platform, cache string, text plugin.Text) plugin.Tools {
	if platform.Cache == "" {
		platform.Cache = cache
	}
	return plugin.Tools{Run: RunTool, Find: runtimes.Find, Platform: platform, Text: text}
}
