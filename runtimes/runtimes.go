// Package runtimes knows which program of this machine runs an app, and whether it is the one that was asked for.
//
// In goes the runtime_info of a message ("ruby19, please, version 1.9.2") and the table of the DEA's configuration; out
// comes a [Verdict]: the absolute path of an executable, or why there is none ([Verify]). For people it tells what is
// missing on this machine and the one command that installs it ([Families], [Machine]). It listens to nothing.
//
// In 2012 the cloud controller kept the manifests (runtimes.yml), and the DEA verified them by running whatever version
// command the message contained, in a shell. The manifests are in config/runtimes.yml; the shell is gone, and a runtime may be
// mapped to a program of today, which then serves the name whatever its version.
package runtimes

import (
	"slices"

	"github.com/minicf/minicf/protocol"
)

// Runtime is one entry of the cloud controller's runtimes.yml.
type Runtime struct {
	Name             string // "ruby19"
	Version          string // exact, as a string: "1.9.2p180"
	Description      string // for people: "Ruby 1.9.2"
	Series           string // of which it is a version: "ruby19"
	Category         string // "ruby"
	Executable       string // what to look up on the PATH
	VersionFlag      string // arguments that print the version, as shell words; "" means -v
	VersionOutput    string // regular expression that the output has to fit somewhere; "" for the names of today
	AdditionalChecks string // arguments, as shell words, whose output has to contain true; "" for none
	Environment      protocol.Vars
	DebugEnv         map[string][]string // mode → "K=V"
	NPM              string              // path of npm, for the stager; "" in the manifests here
	Today            bool                // the name stands for whatever version this machine has, see Here
}

// Lookup returns the runtime called name.
func Lookup(name string) (Runtime, bool) {
	all := All()
	i := slices.IndexFunc(all, func(r Runtime) bool { return r.Name == name })
	if i < 0 {
		return Runtime{}, false
	}
	return all[i], true
}

// Info is the runtime_info that a client sends. For a name that nobody knows it carries only the name; a DEA whose
// table maps the name will serve it all the same.
func Info(name string) protocol.RuntimeInfo {
	r, ok := Lookup(name)
	if !ok {
		return protocol.RuntimeInfo{Name: name}
	}
	return r.Info()
}

// Info is the entry as it travels in messages.
func (r Runtime) Info() protocol.RuntimeInfo {
	return protocol.RuntimeInfo{
		Name:             r.Name,
		Version:          protocol.Text(r.Version),
		Description:      r.Description,
		Executable:       r.Executable,
		VersionFlag:      r.VersionFlag,
		VersionOutput:    protocol.Text(r.VersionOutput),
		AdditionalChecks: r.AdditionalChecks,
		Environment:      r.Environment,
		DebugEnv:         r.DebugEnv,
		NPM:              r.NPM,
	}
}
