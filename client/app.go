package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/minicf/minicf/framework"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/runtimes"
)

// App is what a person knows of an app, from which all messages about it follow.
type App struct {
	ID        string   // on the bus: "app_id" and "droplet"
	Name      string   // for people, and in the environment of the app
	URIs      []string // host names it answers to
	Framework string   // sinatra, rack, standalone, …
	Runtime   string   // ruby19, node, …
	Command   string   // start command, for frameworks that need one
	Buildpack string   // of the framework buildpack: a directory of the stager's machine, or a git URL
	Memory    int      // MB
	Env       []string // "K=V"

	// Staging and Running are runtime_info as the stager and the DEA are to see it; nil means the runtime's manifest.
	Staging, Running *protocol.RuntimeInfo
}

// Limits of the tutorial's app, beside its memory.
const (
	tutorialMemory = 256  // MB
	tutorialDisk   = 256  // MB
	tutorialFDs    = 1024 // open files
)

// TutorialApp is the app of the tutorial's scripts: Sinatra on Ruby 1.9, 256 MB, the runtime described in their words.
func TutorialApp(id string) App {
	a := newApp(id)
	a.Framework, a.Runtime, a.Memory = "sinatra", "ruby19", tutorialMemory
	a.Staging = &protocol.RuntimeInfo{Name: a.Runtime, Executable: "ruby", Version: "1.9.3"}
	a.Running = &protocol.RuntimeInfo{Name: a.Runtime, Executable: "ruby", VersionOutput: "ruby 1.9.3p286"}
	return a
}

// todayMemory is the least that an app gets on a runtime of today, in MB. vmc's 64 were for those of 2012: Flask behind gunicorn
// needs 63, Node.js for one page 44.
const todayMemory = 128

// newApp has host names with no underscore in them. They are allowed in the names of apps, but Tomcat refuses a request for such a host.
func newApp(id string) App {
	host := strings.ReplaceAll(id, "_", "-")
	return App{ID: id, Name: id, URIs: []string{host + ".vcap.me", host + ".localhost"}}
}

// DescribeDir finds out what the app in a directory is, as vmc did. An app of no framework is a standalone one if it is known
// how it is started, by a command or its Procfile; it also needs a runtime. For the names of today the runtime_info has the
// version of this machine.
func DescribeDir(ctx context.Context, dir, id string, o Overrides) (App, error) {
	found, err := framework.Detect(ctx, dir)
	if err != nil {
		return App{}, err
	}
	a := newApp(id)
	a.Framework, a.Command, a.Buildpack = found.Framework.Name, cmp.Or(o.Command, found.Command), o.Buildpack
	if o.Buildpack != "" {
		o.Framework, o.Runtime = "buildpack", cmp.Or(o.Runtime, DefaultRuntime(found))
	}
	if o.Framework != "" {
		a.Framework = o.Framework
		found.Framework, _ = framework.Lookup(o.Framework)
	}
	a.Runtime = cmp.Or(o.Runtime, DefaultRuntime(found), framework.RuntimeOfCommand(a.Command))
	if a.Framework == "standalone" && (a.Command == "" || a.Runtime == "") {
		return App{}, &StandaloneError{Dir: dir, Command: a.Command, Looked: found.Unknown()}
	}
	a.Memory = found.Framework.MemoryFor(a.Runtime)
	if runtime, ok := runtimes.Lookup(a.Runtime); ok && runtime.Today {
		a.Memory = max(a.Memory, todayMemory)
		info := runtimes.Here(ctx, runtimes.Run, a.Runtime)
		a.Staging, a.Running = &info, &info
	}
	return a, nil
}

// Overrides are what the user knows better than the detection. All may be empty.
type Overrides struct{ Framework, Runtime, Command, Buildpack string }

// DefaultRuntime is the runtime that an app gets when nobody said which; empty when that must be said. It is the one of today
// rather than that which vmc proposed.
func DefaultRuntime(found framework.Result) string {
	if found.Framework.Today == "" && found.Runtime == "ruby18" { // vmc's guess for a standalone app
		return "ruby"
	}
	return cmp.Or(found.Framework.Today, found.Runtime)
}

// StandaloneError says that an app is not of any framework, so that it must be said how to start it.
type StandaloneError struct {
	Dir     string
	Command string // how to start it, when that is known and the runtime is not
	Looked  string // for what the detection looked in vain
}

func (e *StandaloneError) Error() string {
	if e.Command != "" {
		return fmt.Sprintf("%s is started by %q, but which runtime that needs was not said", e.Dir, e.Command)
	}
	return fmt.Sprintf("%s is no app of a known framework, and how to start it was not said; looked for %s", e.Dir, e.Looked)
}

// Hint says how to say it.
func (e *StandaloneError) Hint() string {
	if e.Command != "" {
		return "add --runtime python3; `minicf runtimes` lists them"
	}
	return "add --command 'python3 app.py' --runtime python3, or a Procfile; `minicf detect DIR --explain` says why no framework fits"
}

// Properties are the app's part of a staging request.
func (a App) Properties() (protocol.StagingProperties, error) {
	f, ok := framework.Lookup(a.Framework)
	if !ok {
		return protocol.StagingProperties{}, fmt.Errorf("there is no framework %q", a.Framework)
	}
	if !runsOn(f, a.Runtime) {
		return protocol.StagingProperties{}, fmt.Errorf("the runtime %s is none for an app of the framework %s, which needs %s", a.Runtime, f.Name, cmp.Or(f.Today, f.Default))
	}
	info, err := a.runtimeInfo(a.Staging)
	if err != nil {
		return protocol.StagingProperties{}, err
	}
	p := protocol.StagingProperties{
		Services:      []map[string]any{},
		FrameworkInfo: framework.Info(a.Framework),
		RuntimeInfo:   info,
		Resources:     protocol.Resources{Memory: protocol.Int(a.Memory), Disk: tutorialDisk, FDs: tutorialFDs},
		Environment:   a.Env,
		Buildpack:     a.Buildpack,
	}
	if a.Command != "" {
		p.Meta = map[string]any{"command": a.Command}
	}
	return p, nil
}

// runsOn reports whether a framework's apps can run on a runtime: one of those that the manifest names, or of the same family. Whatever starts a
// standalone app will do, and a buildpack brings what it needs. Of a runtime that nobody knows others say more.
func runsOn(f framework.Framework, name string) bool {
	wanted, ok := runtimes.Lookup(name)
	if !ok || f.Name == "standalone" || f.Name == "buildpack" || name == f.Today {
		return true
	}
	return slices.ContainsFunc(f.Runtimes, func(of2012 string) bool {
		r, ok := runtimes.Lookup(of2012)
		return ok && r.Category == wanted.Category
	})
}

func (a App) runtimeInfo(given *protocol.RuntimeInfo) (protocol.RuntimeInfo, error) {
	if given != nil {
		return *given, nil
	}
	if _, ok := runtimes.Lookup(a.Runtime); !ok {
		return protocol.RuntimeInfo{}, fmt.Errorf("there is no runtime %q", a.Runtime)
	}
	return runtimes.Info(a.Runtime), nil
}

// DiscoverRequest asks for a DEA that can run the app.
func (a App) DiscoverRequest() (protocol.DiscoverRequest, error) {
	info, err := a.runtimeInfo(a.Running)
	return protocol.DiscoverRequest{
		Droplet: protocol.ID(a.ID), Name: a.Name, Limits: protocol.MemLimit(a.Memory), RuntimeInfo: info, Runtime: a.Runtime,
	}, err
}

// StartRequest asks a DEA to run one instance of the app's droplet, which it can fetch at uri. sha1 is the droplet's; the
// tutorial's scripts said "SHA1".
func (a App) StartRequest(index int, sha1, uri string) (protocol.StartRequest, error) {
	if sha1 == "" || uri == "" {
		return protocol.StartRequest{}, errors.New("a droplet needs a hash and a URI to be started")
	}
	info, err := a.runtimeInfo(a.Running)
	partition := "default"
	return protocol.StartRequest{
		Droplet: protocol.ID(a.ID), Name: a.Name, URIs: a.URIs, Runtime: a.Runtime, RuntimeInfo: info,
		Framework: a.Framework, SHA1: sha1, ExecutableFile: "???", ExecutableURI: uri, Version: protocol.Text(sha1 + "-1"),
		Services: protocol.Services{}, Limits: protocol.MemLimit(a.Memory), Env: append([]string{}, a.Env...),
		Users: []string{}, CCPartition: &partition, Index: protocol.Int(index),
	}, err
}
