// Package standalone stages apps of no framework: some files and a command that starts them.
//
// In goes an app with meta.command in its properties, out comes a startup script with this very command. The command is
// shell text and finds its port in VCAP_APP_PORT. In 2012 this was the StandalonePlugin of vcap-staging.
package standalone

import (
	"context"
	"fmt"
	"io/fs"
	"strings"

	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/java"
	"github.com/minicf/minicf/stager/plugin/node"
	"github.com/minicf/minicf/stager/plugin/python"
	"github.com/minicf/minicf/stager/plugin/ruby"
)

// The modes of the app, so that a command can run any of its files. In 2012 directories had the files' mode too, with which
// nobody but their owner can enter them (bug Q21, kept for the runtimes of then).
const (
	appMode = 0o744
	dirMode = 0o755
)

// Plugin is the plugin. Its zero value is ready.
type Plugin struct{}

var _ plugin.Plugin = Plugin{}

// Name is "standalone".
func (Plugin) Name() string { return "standalone" }

// Stage makes everything executable and writes the scripts. The environment depends on the family of the runtime.
func (Plugin) Stage(ctx context.Context, w *plugin.Workspace) error {
	dirs := fs.FileMode(appMode)
	if w.Modern() {
		dirs = dirMode
	}
	if err := w.ChmodApp(ctx, appMode, dirs); err != nil {
		return fmt.Errorf("make the app executable: %w", err)
	}
	script, err := prepare(ctx, w)
	if err != nil {
		return err
	}
	err = w.WriteStartup(func() (plugin.Script, error) {
		var err error
		script.Command, err = startCommand(w)
		return script, err
	})
	if err != nil {
		return err
	}
	return w.WriteStop(w.StopText())
}

// prepare is the script without its command. It is chosen by the name of the runtime, so java7 is a java and ruby193 a ruby.
// PHP and Erlang need nothing, and neither did Node in 2012.
func prepare(ctx context.Context, w *plugin.Workspace) (plugin.Script, error) {
	switch plugin.Family(w.App.RuntimeInfo.Name) {
	case "ruby":
		app, autoconfig, err := ruby.Prepare(ctx, w, "test")
		if err != nil {
			return plugin.Script{}, err
		}
		return plugin.Script{Env: app.Env(ruby.Standalone, autoconfig, nil), Hook: app.Hook()}, nil
	case "java":
		options := fmt.Sprintf("$JAVA_OPTS %s -Djava.io.tmpdir=%s", java.MemoryOptions(w), java.TmpDir(w))
		return plugin.Script{Env: map[string]string{"JAVA_OPTS": options}}, nil
	case "python":
		if w.Modern() {
			return plugin.Script{Env: python.Env()}, python.InstallRequirements(ctx, w)
		}
		return plugin.Script{Env: map[string]string{"PYTHONUNBUFFERED": "true"}}, nil
	case "node":
		if w.Modern() {
			return plugin.Script{Env: node.Env()}, node.InstallModules(ctx, w)
		}
	}
	return plugin.Script{}, nil
}

// startCommand is meta.command. Without one the plugin of 2012 failed with a NoMethodError, or wrote a script that
// started nothing.
func startCommand(w *plugin.Workspace) (string, error) {
	command := w.App.Command()
	switch value, given := w.App.Meta["command"]; {
	case given && value != nil && command == "" && value != "":
		return "", &plugin.StagingError{Message: "the start command of a standalone app (meta.command) has to be text"}
	case strings.TrimSpace(command) == "":
		return "", &plugin.StagingError{
			Message: "a standalone app needs a start command (meta.command)",
			Tip:     `for example meta: {command: "ruby hello.rb"}`,
		}
	case strings.ContainsRune(command, 0):
		return "", &plugin.StagingError{Message: "the start command of a standalone app (meta.command) contains a NUL byte"}
	}
	return command, nil
}
