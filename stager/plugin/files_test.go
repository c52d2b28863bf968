package plugin

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/protocol"
)

// inWorkspace runs f as a plugin would be run and returns the droplet's directory.
func inWorkspace(t *testing.T, f func(ctx context.Context, w *Workspace) error) (dest string, err error) {
	t.Helper()
	dest = t.TempDir()
	return dest, Stage(t.Context(), Set{fakePlugin(f)}, t.TempDir(), dest, fakeApp(), Tools{})
}

func TestFilesOfTheDropletAreMadeWithTheirDirectories(t *testing.T) {
	t.Parallel()
	machine := t.TempDir()
	if err := os.WriteFile(filepath.Join(machine, "driver.jar"), []byte("jar"), 0o640); err != nil {
		t.Fatal(err)
	}
	dest, err := inWorkspace(t, func(ctx context.Context, w *Workspace) error {
		for _, step := range []func() error{
			func() error { return w.Write("app/config/a.yml", []byte("a"), 0o600) },
			func() error { return w.Write("app/config/a.yml", []byte("b"), 0o644) },
			func() error { return w.CopyIn(ctx, machine, "app/lib") },
			func() error { return w.CopyIn(ctx, filepath.Join(machine, "driver.jar"), "app/lib/copy.jar") },
			func() error { return w.Symlink("driver.jar", "app/lib/link.jar") },
			func() error { return w.Rename("app/config/a.yml", "app/etc/b.yml") },
		} {
			if err := step(); err != nil {
				return err
			}
		}
		names, err := w.Glob("app/*/*")
		if got, want := strings.Join(names, " "), "app/etc/b.yml app/lib/copy.jar app/lib/driver.jar app/lib/link.jar"; got != want {
			t.Errorf("Glob = %s, want %s", got, want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(dest, "app/etc/b.yml"))
	info, _ := os.Stat(filepath.Join(dest, "app/lib/copy.jar"))
	if string(content) != "b" || info.Mode() != 0o640 {
		t.Errorf("b.yml is %q, %v; copy.jar has mode %v, want 0640", content, err, info.Mode())
	}
}

func TestCopyOverReplacesFilesAndLinks(t *testing.T) {
	t.Parallel()
	first := newApp(t, map[string]string{"bin/rake": "old", "bin/rackup": "x", "lib/a.rb": "a"})
	second := newApp(t, map[string]string{"bin/rake": "new", "bin/thin": "t"})
	if err := os.Symlink("rake", filepath.Join(first, "bin/link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("thin", filepath.Join(second, "bin/link")); err != nil {
		t.Fatal(err)
	}
	dest, err := inWorkspace(t, func(ctx context.Context, w *Workspace) error {
		if err := w.CopyOver(ctx, first, "app/gems"); err != nil {
			return err
		}
		if err := w.CopyIn(ctx, second, "app/gems"); err == nil || !strings.Contains(err.Error(), "bin/") {
			t.Errorf("CopyIn replaced a file or link: %v", err)
		}
		return w.CopyOver(ctx, second, "app/gems")
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "drwxr-xr-x bin/\nLrwxrwxrwx bin/link -> thin\n-rw-r--r-- bin/rackup\n-rw-r--r-- bin/rake\n-rw-r--r-- bin/thin\ndrwxr-xr-x lib/\n-rw-r--r-- lib/a.rb"
	if got := tree(t, filepath.Join(dest, "app/gems")); got != want {
		t.Errorf("the copies are\n%s, want\n%s", got, want)
	}
	if content, err := os.ReadFile(filepath.Join(dest, "app/gems/bin/rake")); string(content) != "new" {
		t.Errorf("rake is %q, %v, want the later one", content, err)
	}
}

func TestFilesOfTheDropletDoNotLeaveIt(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	_, _ = inWorkspace(t, func(ctx context.Context, w *Workspace) error {
		if err := os.Symlink(outside, filepath.Join(w.AppDir(), "out")); err != nil {
			t.Fatal(err)
		}
		for what, err := range map[string]error{
			"Write":  w.Write("app/out/x", nil, 0o644),
			"Write2": w.Write("../x", nil, 0o644),
			"CopyIn": w.CopyIn(ctx, outside, "app/out/x"),
			"Rename": w.Rename("app", "app/out/x"),
			"Chmod":  w.Chmod("app/out/.", 0o777),
		} {
			if err == nil {
				t.Errorf("%s left the droplet", what)
			}
		}
		return nil
	})
	if left, _ := os.ReadDir(outside); len(left) > 0 {
		t.Errorf("%v was written outside", left)
	}
}

func TestToolsSeeNothingOfTheStagersEnvironment(t *testing.T) {
	t.Parallel()
	var seen Command
	run := func(_ context.Context, c Command) ([]byte, error) {
		seen = c
		return nil, os.WriteFile(filepath.Join(strings.TrimPrefix(c.Env[1], "HOME="), "left"), nil, 0o600)
	}
	dest := t.TempDir()
	props := fakeApp()
	props.RuntimeInfo = protocol.RuntimeInfo{Name: "ruby", Executable: "/opt/ruby/bin/ruby"}
	err := Stage(t.Context(), Set{fakePlugin(func(ctx context.Context, w *Workspace) error {
		_, err := w.RunTool(ctx, []string{"GEM_HOME=x"}, "gem", "install")
		return err
	})}, t.TempDir(), dest, props, Tools{Run: run, Find: func(names ...string) (string, bool) { return names[0], true }})
	if err != nil {
		t.Fatal(err)
	}
	home := strings.TrimPrefix(seen.Env[1], "HOME=")
	want := "PATH=/opt/ruby/bin:/usr/local/bin:/usr/bin:/bin HOME=" + home + " TMPDIR=" + home + " LANG=C.UTF-8 GEM_HOME=x"
	if got := strings.Join(seen.Env, " "); got != want || seen.Dir != filepath.Join(dest, "app") {
		t.Errorf("ran in %s with %s, want %s", seen.Dir, got, want)
	}
	if _, err := os.Stat(home); !os.IsNotExist(err) {
		t.Errorf("the tools' home is left: %v", err)
	}
}
