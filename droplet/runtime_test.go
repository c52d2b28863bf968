package droplet_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/minicf/minicf/droplet"
)

const ruby = "/usr/bin/ruby1.9.3"

func TestReplaceRuntimeReplacesEveryToken(t *testing.T) {
	t.Parallel()
	far := strings.Repeat("# comment\n", 10_000)
	tests := map[string]struct{ script, want string }{
		"one": {"%VCAP_LOCAL_RUNTIME% app.rb $@", "/usr/bin/ruby1.9.3 app.rb $@"},
		"several, also side by side": {
			"A=%VCAP_LOCAL_RUNTIME%%VCAP_LOCAL_RUNTIME%\n%VCAP_LOCAL_RUNTIME%",
			"A=/usr/bin/ruby1.9.3/usr/bin/ruby1.9.3\n/usr/bin/ruby1.9.3",
		},
		"far behind":      {far + "%VCAP_LOCAL_RUNTIME%\n" + far, far + "/usr/bin/ruby1.9.3\n" + far},
		"half of a token": {"%VCAP_LOCAL_%VCAP_LOCAL_RUNTIME%RUNTIME%", "%VCAP_LOCAL_/usr/bin/ruby1.9.3RUNTIME%"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, filepath.Join(dir, "startup"), test.script, 0o500)
			n, err := droplet.ReplaceRuntime(dir, ruby)
			must(t, err)
			if want := strings.Count(test.script, droplet.RuntimeToken); n != want {
				t.Errorf("replaced = %d, want %d", n, want)
			}
			if got := read(t, dir, "startup"); got != test.want {
				t.Errorf("startup = %q, want %q", got, test.want)
			}
			checkMode(t, filepath.Join(dir, "startup"), 0o500)
		})
	}
}

func checkMode(tb testing.TB, name string, want fs.FileMode) {
	tb.Helper()
	info, err := os.Lstat(name)
	must(tb, err)
	if info.Mode() != want {
		tb.Errorf("mode of %s = %v, want %v", filepath.Base(name), info.Mode(), want)
	}
}

func TestReplaceRuntimeMakesTheScriptExecutable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "startup"), droplet.RuntimeToken, 0o666)
	_, err := droplet.ReplaceRuntime(dir, ruby)
	must(t, err)
	checkMode(t, filepath.Join(dir, "startup"), 0o500)
}

func TestReplaceRuntimeLeavesAScriptWithoutTokenUntouched(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "startup"), "#!/bin/sh\n%VCAP_LOCAL_RUNTIME", 0o744)
	setTimes(t, dir)
	before, err := os.Stat(filepath.Join(dir, "startup"))
	must(t, err)
	n, err := droplet.ReplaceRuntime(dir, "")
	must(t, err)
	after, err := os.Stat(filepath.Join(dir, "startup"))
	must(t, err)
	if n != 0 || !after.ModTime().Equal(before.ModTime()) || after.Mode() != before.Mode() {
		t.Errorf("replaced %d, mode %v, mtime %v; want 0, %v, %v", n, after.Mode(), after.ModTime(), before.Mode(), before.ModTime())
	}
}

func TestReplaceRuntimeHasNothingToDoWithoutAScript(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, dir := range []string{dir, filepath.Join(dir, "missing")} {
		if n, err := droplet.ReplaceRuntime(dir, ruby); n != 0 || err != nil {
			t.Errorf("ReplaceRuntime = %d, %v, want 0 and no error", n, err)
		}
	}
}

func TestReplaceRuntimeDoesNotFollowALinkOutside(t *testing.T) {
	t.Parallel()
	for name, target := range map[string]string{"relative": "../victim", "absolute": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parent := t.TempDir()
			victim := filepath.Join(parent, "victim")
			write(t, victim, droplet.RuntimeToken, 0o644)
			if target == "" {
				target = victim
			}
			dir := filepath.Join(parent, "droplet")
			must(t, os.Mkdir(dir, 0o755), os.Symlink(target, filepath.Join(dir, "startup")))
			if n, err := droplet.ReplaceRuntime(dir, ruby); err == nil {
				t.Errorf("replaced %d through a link that leaves the droplet", n)
			}
			if text := read(t, victim); text != droplet.RuntimeToken {
				t.Errorf("the file outside now holds %q", text)
			}
		})
	}
}

func TestReplaceRuntimeWritesAFileOfItsOwn(t *testing.T) {
	t.Parallel()
	for name, link := range map[string]func(old, new string) error{
		"symbolic link": func(_, startup string) error { return os.Symlink("app/start", startup) },
		"hard link":     os.Link,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			shared, startup := filepath.Join(dir, "app/start"), filepath.Join(dir, "startup")
			write(t, shared, droplet.RuntimeToken, 0o755)
			must(t, link(shared, startup))
			n, err := droplet.ReplaceRuntime(dir, ruby)
			must(t, err)
			if got := read(t, startup); n != 1 || got != ruby {
				t.Errorf("replaced %d, startup = %q, want 1 and %q", n, got, ruby)
			}
			checkMode(t, startup, 0o500)
			if got := read(t, shared); got != droplet.RuntimeToken {
				t.Errorf("the linked file was changed to %q", got)
			}
			checkMode(t, shared, 0o755)
		})
	}
}

func TestReplaceRuntimeRefusesStrangeScripts(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		make       func(startup string) error
		executable string
		want       string
	}{
		"longer than 1 MiB": {func(s string) error {
			return os.WriteFile(s, []byte(droplet.RuntimeToken+strings.Repeat("#", 1<<20)), 0o500)
		}, ruby, "longer than 1048576 bytes"},
		"directory":     {func(s string) error { return os.Mkdir(s, 0o755) }, ruby, "not a file"},
		"fifo":          {func(s string) error { return syscall.Mkfifo(s, 0o600) }, ruby, "not a file"},
		"no executable": {func(s string) error { return os.WriteFile(s, []byte(droplet.RuntimeToken), 0o500) }, "", "no executable"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			must(t, test.make(filepath.Join(dir, "startup")))
			n, err := droplet.ReplaceRuntime(dir, test.executable)
			if n != 0 || err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("ReplaceRuntime = %d, %v, want an error with %q", n, err, test.want)
			}
		})
	}
}
