// Package lift stages web applications of the framework Lift, which are written in Scala.
//
// In goes an exploded war with Lift's filter in its web.xml, out comes a droplet that runs it in a Tomcat. Where the platform has
// the jar of auto-reconfiguration, a listener in front of everything else writes a file of properties by which Lift finds the
// services that are bound. In 2012 this was the LiftPlugin of vcap-staging.
package lift

import (
	"context"
	"strings"

	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/java"
	"github.com/minicf/minicf/stager/plugin/java/tomcat"
	"github.com/minicf/minicf/stager/plugin/java/webxml"
)

const (
	liftFilter = "net.liftweb.http.LiftFilter"
	listener   = "org.cloudfoundry.reconfiguration.CloudLiftServicesPropertiesGenerator"
)

// Plugin is the plugin. Its zero value is ready.
type Plugin struct{}

var (
	_ plugin.Plugin = Plugin{}
	_ plugin.Placer = Plugin{}
)

// Name is "lift".
func (Plugin) Name() string { return "lift" }

// Place puts the application where Tomcat looks for it.
func (Plugin) Place(*plugin.Workspace) (from, to string, err error) { return tomcat.Place() }

// Stage adds auto-reconfiguration, Tomcat and the scripts.
func (Plugin) Stage(ctx context.Context, w *plugin.Workspace) error {
	return tomcat.Stage(ctx, w, func() error {
		return java.EditDescriptor(w, func(d *webxml.Document) error { return addListener(ctx, w, d) })
	})
}

// addListener puts the listener in front of the first servlet, or of Lift's filter when there is none. An application without
// the filter is no Lift application, whether or not there is anything to add.
func addListener(ctx context.Context, w *plugin.Workspace, d *webxml.Document) error {
	at := findFilter(w, d)
	if at == nil {
		return &plugin.StagingError{
			Message: "Scala / Lift application staging failed: no LiftFilter class found in web.xml",
			Tip:     "WEB-INF/web.xml has to have a filter of the class " + liftFilter,
		}
	}
	if servlets := d.Root().Children("servlet"); len(servlets) > 0 {
		at = servlets[0]
	}
	if on, err := java.CopyAutoconfig(ctx, w, java.WebApp+"/WEB-INF/lib"); !on {
		return err
	}
	added := d.New("listener", "")
	added.Append(d.New("listener-class", listener))
	at.InsertBefore(added)
	return nil
}

// findFilter finds Lift's filter. In 2012 it was not found in a descriptor with a namespace (bug Q20).
func findFilter(w *plugin.Workspace, d *webxml.Document) *webxml.Element {
	root := d.Root()
	if !w.Modern() && root.Space() != "" {
		return nil
	}
	for _, f := range root.Children("filter") {
		if class := f.Child("filter-class"); class != nil && strings.Contains(class.Text(), liftFilter) {
			return f
		}
	}
	return nil
}
