// Package grails stages web applications of the framework Grails.
//
// In goes an exploded war, out comes a droplet that runs it in a Tomcat, with auto-reconfiguration as in a Spring application,
// which a Grails application is. One that has Grails' own plugin for Cloud Foundry sees to its services itself and is not
// changed. In 2012 this was the GrailsPlugin of vcap-staging.
package grails

import (
	"context"
	"fmt"
	"strings"

	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/java"
	"github.com/minicf/minicf/stager/plugin/java/tomcat"
	"github.com/minicf/minicf/stager/plugin/java/webxml"
)

// dispatcher is the class of Grails' servlets.
const dispatcher = "org.codehaus.groovy.grails.web.servlet.GrailsDispatcherServlet"

// pluginsFile lists the plugins of an application, and cloudPlugin is in it when auto-reconfiguration is not wanted.
const (
	pluginsFile = "WEB-INF/grails.xml"
	cloudPlugin = "CloudFoundryGrailsPlugin"
)

// Plugin is the plugin. Its zero value is ready.
type Plugin struct{}

var (
	_ plugin.Plugin = Plugin{}
	_ plugin.Placer = Plugin{}
)

// Name is "grails".
func (Plugin) Name() string { return "grails" }

// Place puts the application where Tomcat looks for it.
func (Plugin) Place(*plugin.Workspace) (from, to string, err error) { return tomcat.Place() }

// Stage adds auto-reconfiguration, Tomcat and the scripts.
func (Plugin) Stage(ctx context.Context, w *plugin.Workspace) error {
	return tomcat.Stage(ctx, w, func() error {
		if knows, err := knowsClouds(w); knows || err != nil {
			return err
		}
		if on, err := java.CopyAutoconfig(ctx, w, java.WebApp+"/WEB-INF/lib"); !on {
			return err
		}
		return java.EditDescriptor(w, func(d *webxml.Document) error {
			java.Contexts{Dispatcher: dispatcher}.Add(w, d)
			return nil
		})
	})
}

// knowsClouds reports whether the application has Grails' plugin for Cloud Foundry.
func knowsClouds(w *plugin.Workspace) (bool, error) {
	text, err := w.ReadApp(pluginsFile)
	if err != nil {
		return false, &plugin.StagingError{Message: err.Error()}
	}
	if text == nil {
		return false, nil
	}
	d, err := webxml.Parse(text, webxml.Lenient)
	if err != nil {
		return false, &plugin.StagingError{Message: fmt.Sprintf("read %s: %v", pluginsFile, err)}
	}
	for _, plugins := range d.Root().All("plugins") {
		for _, p := range plugins.Children("plugin") {
			if strings.Contains(p.Text(), cloudPlugin) {
				return true, nil
			}
		}
	}
	return false, nil
}
