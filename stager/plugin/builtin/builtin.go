// Package builtin is the list of the staging plugins. A new framework is a new folder beside this one and a new line here.
package builtin

import (
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/buildpack"
	"github.com/minicf/minicf/stager/plugin/django"
	"github.com/minicf/minicf/stager/plugin/grails"
	"github.com/minicf/minicf/stager/plugin/javaweb"
	"github.com/minicf/minicf/stager/plugin/lift"
	"github.com/minicf/minicf/stager/plugin/node"
	"github.com/minicf/minicf/stager/plugin/otprebar"
	"github.com/minicf/minicf/stager/plugin/php"
	"github.com/minicf/minicf/stager/plugin/play"
	"github.com/minicf/minicf/stager/plugin/rack"
	"github.com/minicf/minicf/stager/plugin/rails3"
	"github.com/minicf/minicf/stager/plugin/sinatra"
	"github.com/minicf/minicf/stager/plugin/spring"
	"github.com/minicf/minicf/stager/plugin/standalone"
	"github.com/minicf/minicf/stager/plugin/wsgi"
)

// Set is every plugin that there is. The set is the caller's own.
func Set() plugin.Set {
	return plugin.Set{
		buildpack.Plugin{},
		django.Plugin{},
		grails.Plugin{},
		javaweb.Plugin{},
		lift.Plugin{},
		node.Plugin{},
		otprebar.Plugin{},
		php.Plugin{},
		play.Plugin{},
		rack.Plugin{},
		rails3.Plugin{},
		sinatra.Plugin{},
		spring.Plugin{},
		standalone.Plugin{},
		wsgi.Plugin{},
	}
}
