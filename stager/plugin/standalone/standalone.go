// Package standalone stages apps of no framework: some files and a command that starts them.
//
// In goes an app with meta.command in its properties, out comes a startup script with this very command. The command is
// shell text and finds its port in VCAP_APP_PORT. In 2012 this was the StandalonePlugin of vcap-staging.
package standalone

import (
	"context"
	"fmt"
	"strings"

	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/ruby"
)

// appMode is the mode of every file and directory of the app, so that a command can run any of them. Directories of
// others than the owner are of no use with it, but so they were (bug Q21).
const appMode = 0o744

// Plugin is the plugin. Its zero value is ready.
type Plugin struct{}

var _ plugin.Plugin = Plugin{}

// Name is "standalone".
func (Plugin) Name() string { return "standalone" }

// Stage makes everything executable and writes the scripts. The environment depends on the family of the runtime.
func (Plugin) Stage(ctx context.Context, w *plugin.Workspace) error {
	if err := w.ChmodApp(ctx, appMode); err != nil {
		return fmt.Errorf("make the app executable: %w", err)
	}
	setup, err := prepare(w)
	if err != nil {
		return err
	}
	err = w.WriteStartup(func() (plugin.Script, error) {
		command, err := startCommand(w)
		return plugin.Script{Env: setup.Env, Hook: setup.Hook, Command: command}, err
	})
	if err != nil {
		return err
	}
	return w.WriteStop(plugin.StopText)
}

// prepare chooses by the name of the runtime, so java7 is a java and ruby193 a ruby. Node, PHP and Erlang need nothing.
func prepare(w *plugin.Workspace) (ruby.Setup, error) {
	runtime := w.App.RuntimeInfo.Name
	switch {
	case strings.HasPrefix(runtime, "ruby"):
		return ruby.Prepare(w)
	case strings.HasPrefix(runtime, "java"):
		options := fmt.Sprintf("$JAVA_OPTS -Xms%[1]dm -Xmx%[1]dm -Djava.io.tmpdir=$PWD/tmp", w.Memory())
		return ruby.Setup{Env: map[string]string{"JAVA_OPTS": options}}, nil
	case strings.HasPrefix(runtime, "python"):
		return ruby.Setup{Env: map[string]string{"PYTHONUNBUFFERED": "true"}}, nil
	}
	return ruby.Setup{}, nil
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
