// Package plugin turns the files of an app into the files of a droplet.
//
// In go a directory with the unpacked app, the properties of the staging request and the [Tools] that a plugin may use;
// out comes, in another directory, what the DEA runs: the app in app/, empty logs/ and tmp/, and the scripts startup and
// stop. [Stage] does what all frameworks share and then asks the framework's [Plugin] for the rest. Nothing here knows
// the bus or the network: the stager's service and `minicf stage` both come in by Stage.
//
// What a plugin writes is made of a [Script] (script.go) and a [Log] (log.go). Each framework has a folder of its own,
// which package builtin lists; what all Ruby frameworks share is in package ruby; package plugintest holds a plugin
// against what the originals did. The tools that some apps take, to install gems for one, are handed in: package stager/install
// has them.
//
// In 2012 this was the gem vcap-staging 0.1.63, run by the stager as a Ruby process for each app. The scripts are its,
// byte for byte.
package plugin

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/minicf/minicf/protocol"
)

// Plugin knows one framework.
type Plugin interface {
	// Name is the framework's, as in framework_info.name.
	Name() string
	// Stage finishes a workspace in which app/ is a copy of the source: it changes what the framework needs changed and
	// writes both scripts. An error that the app's owner can do something about is a *StagingError.
	Stage(ctx context.Context, w *Workspace) error
}

// Set is the plugins that there are. No other framework can be staged, whatever a request names (bug Q6 of 2012: the
// name was part of a path).
type Set []Plugin

// Names lists the frameworks, sorted.
func (s Set) Names() []string {
	names := make([]string, len(s))
	for i, p := range s {
		names[i] = p.Name()
	}
	slices.Sort(names)
	return names
}

func (s Set) lookup(name string) (Plugin, error) {
	i := slices.IndexFunc(s, func(p Plugin) bool { return p.Name() == name })
	if i < 0 {
		return nil, &StagingError{
			Message: fmt.Sprintf("there is no staging plugin for the framework %q", name),
			Tip:     "frameworks that can be staged: " + strings.Join(s.Names(), ", "),
		}
	}
	return s[i], nil
}

// StagingError is a failure that the app's owner reads, alone: in the reply of a staging request, or on the terminal.
type StagingError struct {
	Message string // as the exception of 2012 said it: "Unable to determine Sinatra startup command"
	Tip     string // what to do about it; may be empty
}

func (e *StagingError) Error() string { return e.Message }

// Hint is what to do about it.
func (e *StagingError) Hint() string { return e.Tip }

// Stage makes a droplet's files of an app's: it looks up the plugin for the framework that props name, makes app/, logs/
// and tmp/ in dest, copies the source into app/ (or where a [Placer] wants it) and lets the plugin do the rest. dest must exist, without any of these
// names in it; neither directory may lie in the other, and source is only read.
//
// Modes do not depend on the umask. Hidden files are copied too, in 2012 those at the top were lost (bug Q5). Links that
// leave the source, devices, pipes and sockets are refused.
//
// After an error dest holds what was made so far. When ctx ends, Stage stops in the middle of it and returns ctx's
// cause, wrapped.
func Stage(ctx context.Context, set Set, source, dest string, props protocol.StagingProperties, tools Tools) error {
	p, err := set.lookup(props.FrameworkInfo.Name)
	if err != nil {
		return err
	}
	w, err := newWorkspace(source, dest, props, tools)
	if err != nil {
		return err
	}
	defer w.close()
	if err := w.fill(ctx, p); err != nil {
		return err
	}
	if err := p.Stage(ctx, w); err != nil {
		return err
	}
	return w.Log.Err()
}
