// Package builtin is the list of the staging plugins. A new framework is a new folder beside this one and a new line here.
package builtin

import (
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/rack"
	"github.com/minicf/minicf/stager/plugin/sinatra"
	"github.com/minicf/minicf/stager/plugin/standalone"
)

// Set is every plugin that there is. The set is the caller's own.
func Set() plugin.Set {
	return plugin.Set{
		rack.Plugin{},
		sinatra.Plugin{},
		standalone.Plugin{},
	}
}
