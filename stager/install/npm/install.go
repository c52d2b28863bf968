package npm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"

	"github.com/minicf/minicf/stager/install"
	"github.com/minicf/minicf/stager/plugin"
)

const (
	modulesDir = "app/node_modules"
	maxLock    = 64 << 20 // bytes; those of large apps have a few million
)

// Install implements plugin.ModuleTools. With a lock file the result is kept, under the lock's text and the version of Node.js,
// and npm is not run for the same again. Modules that the app brings are taken as they are, if they are what is wanted; npm adds
// the others then, and the result, which depends on them, is not kept.
func (i Installer) Install(ctx context.Context, w *plugin.Workspace, lock string) error {
	if w.Has(modulesDir) {
		return i.runInstall(ctx, w, lock, true)
	}
	cache := install.Cache{Dir: cacheDir(w, "installed", string(w.App.RuntimeInfo.Version))}
	key, err := cacheKey(w, lock)
	if err != nil {
		return err
	}
	if key != "" {
		switch found, err := cache.Restore(ctx, w, key, modulesDir); {
		case err != nil:
			return err
		case found:
			w.Log.Info("Using the modules that were installed for the same " + lock + " before")
			return nil
		}
	}
	if err := i.runInstall(ctx, w, lock, false); err != nil {
		return err
	}
	if key == "" || !w.Has(modulesDir) {
		return nil
	}
	if err := cache.Keep(ctx, w, key, modulesDir); err != nil && ctx.Err() == nil {
		w.Log.Warn("The modules were not kept for the next time: " + err.Error())
	}
	return nil
}

// runInstall runs npm ci, which does as the lock says or fails. Locks of the first npm, which had no version, are known to
// npm install alone, and so is what to do with modules that are there.
func (i Installer) runInstall(ctx context.Context, w *plugin.Workspace, lock string, vendored bool) error {
	args := []string{"ci"}
	switch version, err := lockVersion(w, lock); {
	case err != nil:
		return err
	case lock == "":
		args = []string{"install", "--no-save", "--no-package-lock"}
	case version == 0 || vendored:
		args = []string{"install", "--no-save"}
	}
	args = append(args, options()...)
	if dir := cacheDir(w, "npm"); dir != "" {
		args = append(args, "--cache="+dir)
	}
	if lock != "" {
		args = append(args, "--prefer-offline")
	}
	output, err := i.run(ctx, w, "", args...)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err == nil:
		return nil
	}
	if _, ok := errors.AsType[*plugin.StagingError](err); ok || errors.Is(err, plugin.ErrNoTools) { // npm did not even run
		return err
	}
	what := "npm " + args[0] + " failed"
	if name := blamed(w, lock, output); name != "" {
		what = fmt.Sprintf("npm %s could not install %s", args[0], name)
	}
	return &plugin.StagingError{Message: install.Failure(what, essence(output), err)}
}

// options keep npm to the modules that run, and to the point. It would try again after 10 seconds and after a minute what
// failed, and so need longer to fail than a staging may take.
func options() []string {
	return []string{
		"--omit=dev", "--no-audit", "--no-fund", "--no-update-notifier", "--no-progress", "--loglevel=error", "--logs-max=0",
		"--fetch-retries=2", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=2000",
	}
}

// lockVersion is the version of a lock file's format, 0 when it has none.
func lockVersion(w *plugin.Workspace, lock string) (int, error) {
	var content struct{ LockfileVersion int }
	text, err := readApp(w, lock)
	_ = json.Unmarshal(text, &content) // npm says better what is wrong with it
	return content.LockfileVersion, err
}

// readApp reads a file of the app; without one it is empty.
func readApp(w *plugin.Workspace, name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	text, err := w.ReadAppMax(name, maxLock)
	if err != nil {
		return nil, &plugin.StagingError{Message: err.Error()}
	}
	return text, nil
}

// cacheKey stands for all that decides what is installed; it is "" when that cannot be told, because nothing is locked or
// because scripts of the app itself have a part in it.
func cacheKey(w *plugin.Workspace, lock string) (string, error) {
	if lock == "" || w.Has("app/binding.gyp") {
		return "", nil
	}
	parts := []string{"1", runtime.GOOS, runtime.GOARCH, string(w.App.RuntimeInfo.Version), registry(w)}
	for _, name := range []string{lock, ".npmrc"} {
		text, err := readApp(w, name)
		if err != nil {
			return "", err
		}
		parts = append(parts, string(text))
	}
	text, err := readApp(w, "package.json")
	if err != nil {
		return "", err
	}
	var wishes struct {
		Scripts                                                                     map[string]any
		Dependencies, OptionalDependencies, PeerDependencies, Overrides, Workspaces json.RawMessage
	}
	_ = json.Unmarshal(text, &wishes) // npm says better what is wrong with it
	for _, script := range []string{"preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare"} {
		if wishes.Scripts[script] != nil {
			return "", nil
		}
	}
	for _, wish := range []json.RawMessage{wishes.Dependencies, wishes.OptionalDependencies, wishes.PeerDependencies, wishes.Overrides, wishes.Workspaces} {
		parts = append(parts, string(wish))
	}
	return install.Key(parts...), nil
}

// blame are the ways in which npm says which module it is about, the surest first.
var blame = []*regexp.Regexp{
	regexp.MustCompile(`'((?:@[^@'\s]+/)?[^@'\s]+@[^'\s]+)' (?:is not in|could not be found)`),
	regexp.MustCompile(`No matching version found for (\S+?)\.?\n`),
	regexp.MustCompile(`while extracting ((?:@[^@\s]+/)?[^@\s:]+@[^\s:]+)`),
	regexp.MustCompile(`npm (?:ERR!|error) path .*/node_modules/((?:@[^/\s]+/)?[^/\s]+)\n`),
	regexp.MustCompile(`npm (?:ERR!|error) (?:Missing|Invalid): (\S+)`),
	regexp.MustCompile(`request to \S+?/((?:@[^/\s]+/)?[^/\s]+)/-/\S+ failed, reason`),
	regexp.MustCompile(`request to \S+?/((?:@[^/\s]+(?:/|%2[fF]))?[^/\s]+) failed, reason`),
	regexp.MustCompile(`npm (?:ERR!|error) 404 .* GET \S+/((?:@[^/\s]+(?:/|%2[fF]))?[^/\s]+) - `),
}

// wrongSum is how npm says that a module is not what was locked, without saying which.
var wrongSum = regexp.MustCompile(`code EINTEGRITY\n.* wanted (\S+) but got `)

// blamed is the module that npm's output is about, as far as it can be told; "" when it cannot.
func blamed(w *plugin.Workspace, lock string, output []byte) string {
	for _, r := range blame {
		if m := r.FindSubmatch(output); m != nil {
			return strings.NewReplacer("%2f", "/", "%2F", "/").Replace(string(m[1])) // registries have the slash of @scope/name so
		}
	}
	m := wrongSum.FindSubmatch(output)
	if m == nil {
		return ""
	}
	var content struct {
		Packages map[string]struct{ Integrity string }
	}
	text, _ := readApp(w, lock)
	_ = json.Unmarshal(text, &content) // npm has read it
	for place, p := range content.Packages {
		if p.Integrity == string(m[1]) {
			return strings.TrimPrefix(place, "node_modules/")
		}
	}
	return ""
}

// noise is what npm says for those who sit at the keyboard: how it is used, and where it left a log.
var noise = regexp.MustCompile(`(?s)\nnpm (?:ERR!|error)[^\n]*\nnpm (?:ERR!|error)[^\n]*\nnpm (?:ERR!|error) Usage:.*|\nnpm (?:ERR!|error) (?:Log files were|A complete log).*`)

// stack is where in npm and in Node.js something went wrong, and what else the error had about it: more lines than are shown of a failure.
var stack = regexp.MustCompile(`(?:\nnpm (?:ERR!|error) +at [^\n]*\((?:node:|[^\n]*/node_modules/npm/)[^\n{]*)+(?:\{(?:\nnpm (?:ERR!|error)   [^\n]*)*\nnpm (?:ERR!|error) \})?`)

// essence is npm's output without the noise.
func essence(output []byte) []byte { return stack.ReplaceAll(noise.ReplaceAll(output, nil), nil) }
