// Package javaweb stages Java web applications of the framework java_web: wars with nothing special about them.
//
// In goes an exploded war, out comes a droplet that runs it in a Tomcat, with nothing in it changed. In 2012 this was the
// JavaWebPlugin of vcap-staging.
package javaweb

import (
	"context"

	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/java/tomcat"
)

// Plugin is the plugin. Its zero value is ready.
type Plugin struct{}

var (
	_ plugin.Plugin = Plugin{}
	_ plugin.Placer = Plugin{}
)

// Name is "java_web".
func (Plugin) Name() string { return "java_web" }

// Place puts the application where Tomcat looks for it.
func (Plugin) Place(*plugin.Workspace) (from, to string, err error) { return tomcat.Place() }

// Stage adds Tomcat and the scripts.
func (Plugin) Stage(ctx context.Context, w *plugin.Workspace) error { return tomcat.Stage(ctx, w, nil) }
