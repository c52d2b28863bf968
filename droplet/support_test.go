package droplet_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minicf/minicf/droplet"
)

// needTool skips loudly where the tool is missing; on CI that is a failure.
func needTool(tb testing.TB, name string) {
	tb.Helper()
	if _, err := exec.LookPath(name); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		tb.Fatalf("%s is not installed, but CI must test with it", name)
	}
	tb.Skipf("SKIPPED: %s is not installed", name)
}

// run runs a tool in dir, fails the test unless it exits 0, and returns what it printed.
func run(tb testing.TB, dir, name string, args ...string) string {
	tb.Helper()
	umask := []string{"-c", `umask 022 && exec "$0" "$@"`, name}
	cmd := exec.CommandContext(tb.Context(), "sh", append(umask, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	if err != nil {
		tb.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// must ends the test on an error of its own preparations.
func must(tb testing.TB, errs ...error) {
	tb.Helper()
	if err := errors.Join(errs...); err != nil {
		tb.Fatal(err)
	}
}

// write makes a file with exactly this mode, and the directories above it.
func write(tb testing.TB, name, text string, mode os.FileMode) {
	tb.Helper()
	must(tb, os.MkdirAll(filepath.Dir(name), 0o755), os.Chmod(filepath.Dir(name), 0o755)) // whatever the umask
	must(tb, os.WriteFile(name, []byte(text), mode))
	must(tb, os.Chmod(name, mode))
}

func read(tb testing.TB, name ...string) string {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(name...))
	must(tb, err)
	return string(text)
}

// newSinatraDroplet makes what staging the tutorial's application leaves.
func newSinatraDroplet(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	write(tb, filepath.Join(dir, "app/app.rb"), "require 'sinatra'\n\nget '/' do\n  \"Hello World!\"\nend\n", 0o644)
	write(tb, filepath.Join(dir, "logs/staging.log"), "# Logfile created on 2012-11-13\n", 0o644)
	write(tb, filepath.Join(dir, "startup"), "#!/bin/bash\n%VCAP_LOCAL_RUNTIME% app.rb $@\n", 0o500)
	write(tb, filepath.Join(dir, "stop"), "#!/bin/bash\nkill -9 $1\n", 0o500)
	must(tb, os.Mkdir(filepath.Join(dir, "tmp"), 0o755), os.Chmod(filepath.Join(dir, "tmp"), 0o755))
	return dir
}

// newRichTree has every kind of entry that an archive keeps, with old times.
func newRichTree(tb testing.TB) string {
	tb.Helper()
	dir := newSinatraDroplet(tb)
	write(tb, filepath.Join(dir, ".env"), "RACK_ENV=production\n", 0o600)
	write(tb, filepath.Join(dir, "app/bin/run"), "#!/bin/sh\n", 0o755)
	write(tb, filepath.Join(dir, "app/world"), "anyone", 0o666)
	write(tb, filepath.Join(dir, "app/empty"), "", 0o444)
	write(tb, filepath.Join(dir, "app/zeros"), strings.Repeat("\x00", 100_000), 0o644)
	write(tb, filepath.Join(dir, "app", strings.Repeat("long", 40), strings.Repeat("name", 50)), "deep", 0o644)
	write(tb, filepath.Join(dir, "app/caf\xe9 und \xc3\xa9.txt"), "any bytes", 0o644)
	write(tb, filepath.Join(dir, "app/locked/file"), "inside", 0o400)
	must(tb, os.Symlink("../startup", filepath.Join(dir, "app/start")))
	must(tb, os.Symlink("missing", filepath.Join(dir, "app/dangling")))
	must(tb, os.Symlink("bin/../bin", filepath.Join(dir, "app/roundabout")))
	setTimes(tb, dir)
	must(tb, os.Chmod(filepath.Join(dir, "app/locked"), 0o555))
	tb.Cleanup(func() { unlock(dir) })
	return dir
}

// setTimes gives everything below dir another time in 2012, in whole seconds.
func setTimes(tb testing.TB, dir string) {
	tb.Helper()
	at := time.Date(2012, 11, 13, 22, 13, 8, 0, time.UTC)
	must(tb, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type() == fs.ModeSymlink {
			return err
		}
		at = at.Add(time.Minute)
		return os.Chtimes(path, at, at)
	}))
}

// newTarget returns a missing directory to unpack to. Beside it lies a file
// that hostile archives aim at.
func newTarget(tb testing.TB) string {
	tb.Helper()
	parent := tb.TempDir()
	write(tb, filepath.Join(parent, "victim"), "untouched", 0o644)
	tb.Cleanup(func() { unlock(parent) })
	return filepath.Join(parent, "target")
}

// checkVictim fails the test when something was written beside the target.
func checkVictim(tb testing.TB, target string) {
	tb.Helper()
	parent := filepath.Dir(target)
	entries, err := os.ReadDir(parent)
	must(tb, err)
	for _, e := range entries {
		if e.Name() != "victim" && e.Name() != "target" {
			tb.Errorf("%s appeared beside the target directory", e.Name())
		}
	}
	if text := read(tb, parent, "victim"); text != "untouched" {
		tb.Errorf("the file beside the target directory holds %q", text)
	}
}

// unlock makes directories without write permission removable again.
func unlock(dir string) {
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() {
			return os.Chmod(path, 0o755)
		}
		return nil
	})
}

// checkNothingOpen fails the test when a file below dir is still open.
func checkNothingOpen(tb testing.TB, dir string) {
	tb.Helper()
	fds, err := filepath.Glob("/proc/self/fd/*")
	must(tb, err)
	for _, fd := range fds {
		if name, err := os.Readlink(fd); err == nil && (name == dir || strings.HasPrefix(name, dir+"/")) {
			tb.Errorf("%s was left open", name)
		}
	}
}

// checkRefused fails the test unless err is an EntryError for this entry whose
// reason holds these words.
func checkRefused(tb testing.TB, err error, entry, reason string) {
	tb.Helper()
	refused, ok := errors.AsType[*droplet.EntryError](err)
	if !ok {
		tb.Fatalf("error = %v, want entry %q refused: %s", err, entry, reason)
	}
	if refused.Entry != entry || !strings.Contains(refused.Reason, reason) {
		tb.Errorf("error = %v, want entry %q refused: %s", err, entry, reason)
	}
}

// patientContext is cancelled when it is asked for the n-th time. So a test
// can stop work at every point where the work looks.
type patientContext struct {
	context.Context
	left *atomic.Int64
}

func cancelAfter(ctx context.Context, n int) patientContext {
	c := patientContext{ctx, new(atomic.Int64)}
	c.left.Store(int64(n))
	return c
}

func (c patientContext) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}
