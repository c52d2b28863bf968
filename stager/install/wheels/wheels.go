// Package wheels installs the packages of Python apps.
//
// In goes an app with a requirements.txt, out comes the droplet's directory python/, in the layout of a user's own packages:
// Python finds it by PYTHONUSERBASE wherever it lies, which is not so of a virtual environment. The work is pip's, that of the
// Python that runs the app. In 2012 the startup script of every instance called it.
package wheels

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/minicf/minicf/stager/install"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/python"
)

// Installer installs wheels. The zero value is ready: everything else is the workspace's.
type Installer struct {
	Env []string // "K=V" that pip needs to reach the network
}

var _ plugin.WheelTools = Installer{}

// vendored are the directories of an app in which wheels may be.
func vendored() []string { return []string{"vendor", "vendor/wheels", "wheelhouse"} }

// Install implements plugin.WheelTools. The result is kept under the text of requirements.txt, the vendored wheels and the
// version of Python, and pip is not run for the same again.
func (i Installer) Install(ctx context.Context, w *plugin.Workspace) error {
	dirs, files, err := vendoredFiles(w)
	if err != nil {
		return err
	}
	cache := install.Cache{Dir: cacheDir(w, "installed", string(w.App.RuntimeInfo.Version))}
	key, err := cacheKey(ctx, w, files)
	if err != nil {
		return err
	}
	if key != "" {
		switch found, err := cache.Restore(ctx, w, key, python.Dir); {
		case err != nil:
			return err
		case found:
			w.Log.Info("Using the packages that were installed for the same " + python.Requirements + " before")
			return nil
		}
	}
	if err := i.runPip(ctx, w, dirs); err != nil {
		return err
	}
	if key == "" || !w.Has(python.Dir) {
		return nil
	}
	if err := cache.Keep(ctx, w, key, python.Dir); err != nil && ctx.Err() == nil {
		w.Log.Warn("The packages were not kept for the next time: " + err.Error())
	}
	return nil
}

// runPip installs from the vendored wheels alone if it can, and else with the index.
func (i Installer) runPip(ctx context.Context, w *plugin.Workspace, dirs []string) error {
	var offline error
	if len(dirs) > 0 {
		if offline = i.pip(ctx, w, append(links(dirs), "--no-index")); offline == nil {
			return nil
		}
		if err := w.Remove(python.Dir); err != nil {
			return err
		}
		w.Log.Info("The wheels in " + strings.Join(dirs, ", ") + " do not suffice; asking the index")
	}
	return i.pip(ctx, w, append(links(dirs), index(w)...))
}

func links(dirs []string) []string {
	var args []string
	for _, d := range dirs {
		args = append(args, "--find-links", d)
	}
	return args
}

// index says where else to look. An index without TLS is trusted, since the operator has named it.
func index(w *plugin.Workspace) []string {
	if w.Platform.PythonIndex == "" {
		return nil
	}
	args := []string{"--index-url", w.Platform.PythonIndex}
	if u, err := url.Parse(w.Platform.PythonIndex); err == nil && u.Scheme == "http" {
		args = append(args, "--trusted-host", u.Host)
	}
	return args
}

// pip runs pip install for a user whose packages are in python/. What the machine has itself does not count: the droplet may
// run on another.
func (i Installer) pip(ctx context.Context, w *plugin.Workspace, where []string) error {
	exe, ok := w.Runtime()
	if !ok {
		return install.Missing("python", "There is no Python to install packages with")
	}
	args := []string{
		exe, "-m", "pip", "install", "--user", "--ignore-installed", "--no-compile", "--no-input", "--no-warn-script-location",
		"--disable-pip-version-check", "--progress-bar=off", "--quiet", "--retries=2", "-r", python.Requirements,
	}
	var access plugin.Access
	if dir := cacheDir(w, "pip"); dir != "" {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		args, access.Write = append(args, "--cache-dir", dir), []string{dir}
	} else {
		args = append(args, "--no-cache-dir")
	}
	// Debian's pip refuses to install beside its packages, unless it is told that somebody means it.
	env := append([]string{"PYTHONUSERBASE=" + filepath.Join(w.Dest, python.Dir), "PIP_BREAK_SYSTEM_PACKAGES=1"}, i.Env...)
	output, err := w.RunToolWith(ctx, access, env, append(args, where...)...)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err == nil || errors.Is(err, plugin.ErrNoTools):
		return err
	case strings.Contains(string(output), "No module named pip"):
		return install.Missing("python-web", "This machine's Python has no pip to install packages with")
	}
	what := "pip install failed"
	if name := blamed(output); name != "" {
		what = "pip could not install " + name
	}
	return &plugin.StagingError{Message: install.Failure(what, output, err)}
}

// blame are the ways in which pip says which package it is about, the surest first.
var blame = []*regexp.Regexp{
	regexp.MustCompile(`No matching distribution found for ([^\s(]+)`),
	regexp.MustCompile(`Failed building wheel for (\S+)`),
	regexp.MustCompile(`Could not build wheels for ([^\s,]+)`),
	regexp.MustCompile(`Invalid requirement: '?([^'\n]+)'?`),
	regexp.MustCompile(`Cannot install ([^\s,]+)`),
	regexp.MustCompile(`requirement ([^\s(]+)`),
}

// blamed is the package that pip's output names; "" when it names none.
func blamed(output []byte) string {
	for _, r := range blame {
		if m := r.FindSubmatch(output); m != nil {
			return string(m[1])
		}
	}
	return ""
}

// cacheDir is a directory in the platform's cache; "" when there is no cache.
func cacheDir(w *plugin.Workspace, names ...string) string {
	if w.Platform.Cache == "" {
		return ""
	}
	return filepath.Join(append([]string{w.Platform.Cache, "python_cache"}, names...)...)
}
