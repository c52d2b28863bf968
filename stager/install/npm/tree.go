package npm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/minicf/minicf/stager/install"
	"github.com/minicf/minicf/stager/plugin"
)

// tree is the installation of one npm-shrinkwrap.json as in 2012: each module goes to the place that the file gives it, and what
// cannot be had is told in the log and left out. The log's lines are those of 2012.
type tree struct {
	Installer
	w       *plugin.Workspace
	fetched install.Cache // modules as the registry has them
	built   install.Cache // modules with native parts, compiled
	npm     string        // its version, when it was asked
}

// InstallTree implements plugin.ModuleTools.
func (i Installer) InstallTree(ctx context.Context, w *plugin.Workspace, modules []plugin.Module) error {
	t := &tree{
		Installer: i, w: w,
		fetched: install.Cache{Dir: cacheDir(w, "fetched")},
		built:   install.Cache{Dir: cacheDir(w, "compiled", string(w.App.RuntimeInfo.Version))},
	}
	return t.installAll(ctx, modules, modulesDir)
}

// installAll installs modules into a directory of the droplet, and below each what it needs itself.
func (t *tree) installAll(ctx context.Context, modules []plugin.Module, dir string) error {
	for _, m := range modules {
		err := t.install(ctx, m, dir+"/"+m.Name)
		failure, ok := errors.AsType[*moduleError](err)
		switch {
		case ok:
			t.w.Log.Warn(failure.Error())
			continue
		case err != nil:
			return err
		}
		if err := t.installAll(ctx, m.Dependencies, dir+"/"+m.Name+"/node_modules"); err != nil {
			return err
		}
	}
	return nil
}

// moduleError is why one module was not installed. It does not end the staging.
type moduleError struct{ text string }

func (e *moduleError) Error() string { return e.text }

func notInstalled(format string, args ...any) error {
	return &moduleError{fmt.Sprintf(format, args...)}
}

// moduleName is what a module may be called, in a scope or not. It becomes a path.
var moduleName = regexp.MustCompile(`^(@[A-Za-z0-9~_-][\w.~-]*/)?[A-Za-z0-9~_-][\w.~-]*$`)

// install installs one module at a place in the droplet, unless the app brings it.
func (t *tree) install(ctx context.Context, m plugin.Module, at string) error {
	label := m.Name + "@" + m.Target
	if !moduleName.MatchString(m.Name) {
		return notInstalled("Failed installing %q: it is no name of a module", m.Name)
	}
	if t.w.Has(at) {
		t.w.Log.Info("Installing " + label + " from local path")
		return t.buildInPlace(ctx, label, at)
	}
	fetch := t.fromRegistry
	from := "registry"
	if strings.HasPrefix(m.Target, "http") || strings.HasPrefix(m.Target, "git") {
		fetch, from = t.fromGit, "git source"
	}
	t.w.Log.Info("Installing " + label + " from " + from)
	dir, err := fetch(ctx, m, label)
	if err != nil {
		return err
	}
	native, err := hasNativeParts(ctx, dir)
	if err != nil {
		return err
	}
	if !native {
		return t.w.CopyIn(ctx, dir, at)
	}
	return t.build(ctx, label, dir, at)
}

// buildInPlace compiles a module that the app has brought, if there is anything to compile. Its other files stay as they are.
func (t *tree) buildInPlace(ctx context.Context, label, at string) error {
	native, err := hasNativeParts(ctx, filepath.Join(t.w.Dest, filepath.FromSlash(at)))
	if err != nil || !native {
		return err
	}
	scratch, err := t.tempDir()
	if err != nil {
		return err
	}
	copied := filepath.Join(scratch, "module")
	if err := t.w.CopyOut(ctx, at, copied); err != nil {
		return err
	}
	return t.build(ctx, label, copied, at)
}

// tempDir is a new directory of the staging's own.
func (t *tree) tempDir() (string, error) {
	scratch, err := t.w.ScratchDir()
	if err != nil {
		return "", err
	}
	return os.MkdirTemp(scratch, "npm-*")
}
