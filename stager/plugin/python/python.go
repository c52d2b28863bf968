// Package python is what the plugins for WSGI, Django and standalone Python apps share: gunicorn's configuration, and the
// packages that an app needs beside its own code.
//
// In 2012 the startup script had pip install them, at every start of every instance (period.go). For a Python of today they are
// installed once, when the app is staged (modern.go). Both end up in the droplet's python/, in the layout of a user's own
// packages, which Python finds by PYTHONUSERBASE wherever the droplet lies. In 2012 this was the module PipSupport of vcap-staging.
package python

import "github.com/minicf/minicf/stager/plugin"

const (
	// Requirements is the file in which an app lists the packages that it needs.
	Requirements = "requirements.txt"
	// Dir is where in the droplet they are.
	Dir = "python"
)

// WriteScripts writes both scripts and gunicorn's configuration.
func WriteScripts(w *plugin.Workspace, script plugin.Script) error {
	if err := w.WriteStartup(func() (plugin.Script, error) { return script, nil }); err != nil {
		return err
	}
	if err := w.WriteStop(w.StopText()); err != nil {
		return err
	}
	return writeConfig(w)
}

// writeConfig tells gunicorn where to listen: in 2012 on all addresses of the machine, for a Python of today on that which the
// DEA has told the router.
func writeConfig(w *plugin.Workspace) error {
	text := `import os
bind = "0.0.0.0:%s" % os.environ['VCAP_APP_PORT']
loglevel = "debug"
`
	if w.Modern() {
		text = `import os
bind = "%s:%s" % (os.environ['VCAP_APP_HOST'], os.environ['VCAP_APP_PORT'])
`
	}
	return w.Write("gunicorn.config", []byte(text), 0o644)
}
