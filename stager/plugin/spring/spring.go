// Package spring stages web applications that use the Spring framework.
//
// In goes an exploded war, out comes a droplet that runs it in a Tomcat. Where the platform has the jar of
// auto-reconfiguration, the application's contexts are extended by one that connects it to the services that are bound. In 2012
// this was the SpringPlugin of vcap-staging.
package spring

import (
	"context"

	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/java"
	"github.com/minicf/minicf/stager/plugin/java/tomcat"
	"github.com/minicf/minicf/stager/plugin/java/webxml"
)

// dispatcher is the class of Spring's servlets.
const dispatcher = "org.springframework.web.servlet.DispatcherServlet"

// Plugin is the plugin. Its zero value is ready.
type Plugin struct{}

var (
	_ plugin.Plugin = Plugin{}
	_ plugin.Placer = Plugin{}
)

// Name is "spring".
func (Plugin) Name() string { return "spring" }

// Place puts the application where Tomcat looks for it.
func (Plugin) Place(*plugin.Workspace) (from, to string, err error) { return tomcat.Place() }

// Stage adds auto-reconfiguration, Tomcat and the scripts.
func (Plugin) Stage(ctx context.Context, w *plugin.Workspace) error {
	return tomcat.Stage(ctx, w, func() error {
		if on, err := java.CopyAutoconfig(ctx, w, java.WebApp+"/WEB-INF/lib"); !on {
			return err
		}
		contexts := java.Contexts{Dispatcher: dispatcher, Annotations: true, Initializers: true}
		return java.EditDescriptor(w, func(d *webxml.Document) error {
			contexts.Add(w, d)
			return nil
		})
	})
}
