// Package php stages PHP apps.
//
// In goes a directory with PHP files, out comes a droplet with a web server's configuration in apache/ beside the app. In 2012
// the server was Apache, whose files came with the platform (apache.zip) and were completed when the instance started, by a Ruby
// script in resources/. Without that archive the droplet gets a start.sh of ours in their place, which serves the app by what
// there is: Apache, or PHP's own web server. In 2012 this was the PhpPlugin of vcap-staging.
package php

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/stager/plugin"
)

// files go into droplets: resources/ and apache/.
//
//go:embed files
var files embed.FS

// stopText kills the server and what it started. The shell that waits for it then ends by itself.
const stopText = `#!/bin/bash
export TMPDIR="$PWD/tmp"
CHILDPIDS=$(pgrep -P ${1} -d ' ')
kill -9 ${1}
for CPID in ${CHILDPIDS};do
  kill -9 ${CPID}
done
`

// Plugin is the plugin. Its zero value is ready.
type Plugin struct{}

var _ plugin.Plugin = Plugin{}

// Name is "php".
func (Plugin) Name() string { return "php" }

// Stage adds the web server and writes the scripts.
func (Plugin) Stage(ctx context.Context, w *plugin.Workspace) error {
	stage := period
	if w.Modern() {
		stage = modern
	}
	script, err := stage(ctx, w)
	if err != nil {
		return err
	}
	if err := w.Write("apache/php/memory.ini", fmt.Appendf(nil, "memory_limit = %dm\n", w.Memory()), 0o644); err != nil {
		return err
	}
	if err := w.WriteStartup(func() (plugin.Script, error) { return script, nil }); err != nil {
		return err
	}
	return w.WriteStop(stopText)
}

// period is the script of 2012. VCAP_SERVICES stands in it without quotes (bug Q16): see generate_apache_conf.
func period(ctx context.Context, w *plugin.Workspace) (plugin.Script, error) {
	script := plugin.Script{
		Hook:    fmt.Sprintf("env > env.log\nruby resources/generate_apache_conf $VCAP_APP_PORT $HOME $VCAP_SERVICES %dm", w.Memory()),
		Dir:     "apache",
		Command: "bash ./start.sh",
	}
	if err := add(w, "resources"); err != nil {
		return script, err
	}
	if archive, ok := w.Resource("apache.zip"); ok {
		return script, w.UnpackIn(ctx, archive, "apache")
	}
	return script, add(w, "apache")
}

// modern is the same without the Ruby script: Apache and PHP read the variables themselves.
func modern(_ context.Context, w *plugin.Workspace) (plugin.Script, error) {
	return plugin.Script{Dir: "apache", Command: "bash ./start.sh " + droplet.RuntimeToken}, add(w, "apache")
}

// add writes one of the directories in files into the droplet.
func add(w *plugin.Workspace, dir string) error {
	from, err := fs.Sub(files, "files")
	if err != nil {
		return err
	}
	return w.WriteTree(from, dir)
}
