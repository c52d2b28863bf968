package java

import (
	"fmt"
	"path"

	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/java/webxml"
)

// WebApp is where a web application lies in the droplet.
const WebApp = "tomcat/webapps/ROOT"

// Descriptor is the file of a web application that describes it.
const Descriptor = "WEB-INF/web.xml"

// descriptorMode is the mode of a descriptor that was edited.
const descriptorMode = 0o644

// EditDescriptor changes the descriptor of the web application in w. One that cannot be read is an error for its author.
func EditDescriptor(w *plugin.Workspace, edit func(d *webxml.Document) error) error {
	text, err := w.ReadApp(Descriptor)
	if err != nil {
		return &plugin.StagingError{Message: err.Error()}
	}
	names := webxml.AsIn2012
	if w.Modern() {
		names = webxml.Lenient
	}
	d, err := webxml.Parse(text, names)
	if err != nil {
		return &plugin.StagingError{Message: fmt.Sprintf("read %s: %v", Descriptor, err)}
	}
	if err := edit(d); err != nil {
		return err
	}
	out, err := d.Bytes()
	if err != nil {
		return &plugin.StagingError{Message: fmt.Sprintf("write %s: %v", Descriptor, err)}
	}
	return w.Write(path.Join(WebApp, Descriptor), out, descriptorMode)
}
