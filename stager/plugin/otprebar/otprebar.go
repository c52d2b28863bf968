// Package otprebar stages Erlang/OTP releases that rebar has built: the framework otp_rebar.
//
// In goes a release, with its applications in lib/ and its scripts in bin/; out comes a droplet in which the virtual
// machine and the applications of Erlang itself are the machine's own (runtime.go), whose vm.args suit a process without a
// terminal (vmargs.go), and a startup script that calls the release's own. For an Erlang of today the release stays whole, and the
// script takes of the machine what that has (modern.go). In 2012 this was the OtpRebarPlugin of vcap-staging.
package otprebar

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/minicf/minicf/framework"
	"github.com/minicf/minicf/stager/plugin"
)

// Plugin is the plugin. Its zero value is ready.
type Plugin struct{}

var _ plugin.Plugin = Plugin{}

// Name is "otp_rebar".
func (Plugin) Name() string { return "otp_rebar" }

// Stage writes the scripts, and then changes the release, in the order of 2012: an app without a start script is not changed.
func (Plugin) Stage(ctx context.Context, w *plugin.Workspace) error {
	if w.Modern() {
		return stageModern(ctx, w)
	}
	err := w.WriteStartup(func() (plugin.Script, error) {
		command, err := startCommand(ctx, w)
		return plugin.Script{Command: command}, err
	})
	if err != nil {
		return err
	}
	if err := w.WriteStop(plugin.StopText); err != nil {
		return err
	}
	if err := linkRuntime(w); err != nil {
		return err
	}
	return rewriteVMArgs(w)
}

// startCommand appends to vm.args what only the machine that runs the app knows, and starts the release. The echo of the
// node's name is the text of 2012; without a name of its own each, two instances could not run on one machine.
func startCommand(ctx context.Context, w *plugin.Workspace) (string, error) {
	lines, err := vmcArgs(w, argsFile)
	if err != nil {
		return "", err
	}
	file, err := releaseFile(ctx, w, func(files []string) []string { return files })
	if err != nil {
		return "", err
	}
	name := nameOf(file)
	if err := plugin.CheckName(name); err != nil {
		return "", &plugin.StagingError{Message: fmt.Sprintf("the release cannot be called %q: %v", name, err), Tip: "rename it"}
	}
	lines = append(lines, "echo \"-name erl$VMC_APP_PORT@`hostname`\" >>etc/vm.args", "sh bin/"+name+" console")
	return strings.Join(lines, "\n"), nil
}

// releaseFile is releases/VERSION/NAME.rel of the release that has a script bin/NAME. Where several do, only may leave some out.
func releaseFile(ctx context.Context, w *plugin.Workspace, only func(files []string) []string) (string, error) {
	files, err := framework.Match(ctx, w.App.FrameworkInfo.Detection, w.AppDir())
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if err != nil {
		return "", &plugin.StagingError{Message: err.Error()}
	}
	var startable []string
	for _, f := range files {
		if w.Has("app/bin/" + nameOf(f)) {
			startable = append(startable, f)
		}
	}
	if len(startable) > 1 {
		startable = only(startable)
	}
	switch len(startable) {
	case 0:
		return "", &plugin.StagingError{
			Message: "No valid Erlang releases with start scripts found. Cannot start application.",
			Tip:     "releases/VERSION/NAME.rel needs a script bin/NAME beside it, as `rebar generate` makes it",
		}
	case 1:
		return startable[0], nil
	}
	return "", &plugin.StagingError{
		Message: fmt.Sprintf("Multiple Erlang releases with different names found. Cannot start application. (Found: %s)", inspectAll(startable)),
		Tip:     "leave one of them out of releases/, or its script out of bin/",
	}
}

// nameOf is the name of the release that a file releases/1/NAME.rel describes.
func nameOf(file string) string { return strings.TrimSuffix(path.Base(file), ".rel") }
