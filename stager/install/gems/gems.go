// Package gems installs the gems of bundled Ruby apps with the gem tools of this machine: plugin.GemTools for real.
//
// In goes a workspace with the app, out come directories of a cache that hold gems installed, for package ruby to copy. A
// gem is taken from the app's vendor/cache, else from the platform's cache, else from the network. Whatever is done once is
// kept in the cache, so that the app's next staging runs no Ruby at all:
//
//	<cache>/blessed_gems/rack-1.2.2.gem     fetched from the network
//	<cache>/git_cache/ab/cd/<rest>          mirrors of Git repositories, by the SHA1 of their URI
//	<cache>/3.1.2/gem_cache/ab/cd/<rest>    gems installed, by the SHA1 of the .gem
//	<cache>/3.1.2/git_gems/ab/cd/<rest>     those of a Git revision
//	<cache>/3.1.2/gemfiles/ab/cd/<rest>     what a Gemfile asks for
//
// What only Ruby can do is in scripts/: they run in the machine's Ruby, in the clean environment of plugin.Command.
//
// In 2012 this was the gem tasks of vcap-staging, GemfileTask and GitCache.
package gems

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/minicf/minicf/stager/plugin"
)

// Tools are the gem tools of this machine. They may be used by several stagings at the same time.
type Tools struct {
	http *http.Client
	env  []string

	mu     sync.Mutex
	rubies map[probed]plugin.Ruby
}

var _ plugin.GemTools = (*Tools)(nil)

// New returns gem tools. The K=V of env say how git reaches the network.
func New(env []string) *Tools {
	return &Tools{http: newClient(), env: env, rubies: map[probed]plugin.Ruby{}}
}

// probed is a Ruby as it was when it was asked what it is.
type probed struct {
	path  string
	size  int64
	mtime time.Time
}

//go:embed scripts/probe.rb
var probeScript string

// Ruby asks the Ruby that serves the app's runtime what it is, once.
func (t *Tools) Ruby(ctx context.Context, w *plugin.Workspace) (plugin.Ruby, error) {
	path, ok := w.Runtime()
	if !ok {
		return plugin.Ruby{}, noRuby(w, "")
	}
	info, err := os.Stat(path)
	if err != nil {
		return plugin.Ruby{}, noRuby(w, err.Error())
	}
	key := probed{path, info.Size(), info.ModTime()}
	t.mu.Lock()
	ruby, ok := t.rubies[key]
	t.mu.Unlock()
	if ok {
		return ruby, nil
	}
	if ruby, err = probe(ctx, w, path); err != nil {
		return plugin.Ruby{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rubies[key] = ruby
	return ruby, nil
}

func probe(ctx context.Context, w *plugin.Workspace, path string) (plugin.Ruby, error) {
	output, err := w.RunTool(ctx, nil, path, "-W0", "-e", probeScript)
	if ctx.Err() != nil {
		return plugin.Ruby{}, context.Cause(ctx)
	}
	fields := strings.Split(strings.TrimSpace(string(output)), "\n")
	if err != nil || len(fields) != 4 {
		return plugin.Ruby{}, noRuby(w, plugin.LastLines(output, fmt.Errorf("%s does not tell its version", path)))
	}
	ruby := plugin.Ruby{Executable: path, Version: fields[0], ABI: fields[1], Platform: fields[2], Bundler: fields[3]}
	if ruby.Bundler == "none" {
		return plugin.Ruby{}, &plugin.StagingError{
			Message: fmt.Sprintf("%s (Ruby %s) has no Bundler, without which a bundled app cannot be staged", path, ruby.Version),
			Tip:     "`minicf doctor --install ruby` installs it",
		}
	}
	return ruby, nil
}

// noRuby is the error of 2012, and why.
func noRuby(w *plugin.Workspace, why string) error {
	message := "No suitable runtime found. Needs version matching " + string(w.App.RuntimeInfo.Version)
	if why != "" {
		message += ": " + why
	}
	return &plugin.StagingError{Message: message, Tip: "`minicf doctor --install ruby` installs one"}
}
