// Package buildpack stages apps with a buildpack: a directory of three programs that know a framework, so that the platform
// does not have to.
//
// In goes an app, and the address of a buildpack or a list of them to choose from; out come the app as the buildpack
// compiled it and a startup script with the variables that it asks for. The programs are, in the order of their use:
//
//	bin/detect APP            exit status 0: it is an app for me, and my name is what I print
//	bin/compile APP CACHE     changes the app; what it prints is shown to the user as it comes
//	bin/release APP           prints YAML: config_vars and default_process_types
//
// Those of later years split bin/compile into bin/supply and bin/finalize, which get a directory for dependencies beside the
// app. In 2012 this was the BuildpackPlugin of vcap-staging, whose last version was nothing else any more; dea_ng took it over.
package buildpack

import (
	"context"
	"os"

	"github.com/minicf/minicf/stager/plugin"
)

// Plugin is the plugin. Its zero value is ready.
type Plugin struct{}

var _ plugin.Plugin = Plugin{}

// Name is "buildpack".
func (Plugin) Name() string { return "buildpack" }

// The modes of the app, so that a command can run any of its files. In 2012 directories had the files' mode too, with which
// nobody but their owner can enter them (bug Q21).
const (
	appMode = 0o744
	dirMode = 0o755
)

// Stage chooses a buildpack, lets it compile the app and writes the scripts.
func (Plugin) Stage(ctx context.Context, w *plugin.Workspace) error {
	if err := w.ChmodApp(ctx, appMode, dirMode); err != nil {
		return err
	}
	s, err := newStaging(w)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.choose(ctx); err != nil {
		return err
	}
	if err := s.compile(ctx); err != nil {
		return err
	}
	release, err := s.release(ctx)
	if err != nil {
		return err
	}
	if err := s.addConsole(ctx); err != nil {
		return err
	}
	if err := w.WriteStartup(func() (plugin.Script, error) { return s.script(release) }); err != nil {
		return err
	}
	return w.WriteStop(plugin.StopText)
}

// staging is one app with its buildpack at work.
type staging struct {
	w       *plugin.Workspace
	scratch string // for copies of buildpacks
	cache   cache
	log     *os.File // what the programs print
	pack    pack     // as it was chosen
}

// taskLogFile is where dea_ng kept the output of a staging in the droplet.
const taskLogFile = "logs/staging_task.log"

func newStaging(w *plugin.Workspace) (*staging, error) {
	scratch, err := w.ScratchDir()
	if err != nil {
		return nil, err
	}
	log, err := w.Create(taskLogFile, 0o644)
	if err != nil {
		return nil, err
	}
	s := &staging{w: w, scratch: scratch, log: log}
	if s.cache, err = newCache(w, scratch); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *staging) close() {
	_ = s.log.Close()
	s.cache.close()
}
