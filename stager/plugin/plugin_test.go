package plugin

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/protocol"
)

// fakePlugin is a framework called fake whose staging is a function.
type fakePlugin func(ctx context.Context, w *Workspace) error

func (fakePlugin) Name() string { return "fake" }

func (f fakePlugin) Stage(ctx context.Context, w *Workspace) error { return f(ctx, w) }

// echo writes both scripts and one line of log.
func echo(_ context.Context, w *Workspace) error {
	w.Log.Info("staged by fake")
	err := w.WriteStartup(func() (Script, error) { return Script{Command: "echo"}, nil })
	return errors.Join(err, w.WriteStop(StopText))
}

func fakeApp() protocol.StagingProperties {
	return protocol.StagingProperties{FrameworkInfo: protocol.FrameworkInfo{Name: "fake"}}
}

// tree lists a directory as "mode path" lines, with the targets of links.
func tree(t testing.TB, dir string) string {
	t.Helper()
	nodes, err := droplet.Tree(dir)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, n := range nodes {
		line := n.Mode.String() + " " + n.Path
		if n.Link != "" {
			line += " -> " + n.Link
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// This test is not parallel: the umask belongs to the process.
func TestModesDoNotDependOnTheUmask(t *testing.T) {
	source, dest := t.TempDir(), t.TempDir()
	for name, mode := range map[string]fs.FileMode{"a": 0o666, "b": 0o755, "c": 0o600} {
		if err := os.WriteFile(filepath.Join(source, name), nil, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(source, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	defer syscall.Umask(syscall.Umask(0o077))
	if err := Stage(t.Context(), Set{fakePlugin(echo)}, source, dest, fakeApp(), Tools{}); err != nil {
		t.Fatal(err)
	}
	want := "drwxr-xr-x app/\n-rw-rw-rw- app/a\n-rwxr-xr-x app/b\n-rw------- app/c\n" +
		"drwxr-xr-x logs/\n-rw-r--r-- logs/staging.log\n-r-x------ startup\n-r-x------ stop\ndrwxr-xr-x tmp/"
	if got := tree(t, dest); got != want {
		t.Errorf("staged\n%s, want\n%s", got, want)
	}
	failed := t.TempDir()
	failing := fakePlugin(func(_ context.Context, w *Workspace) error {
		return w.WriteStartup(func() (Script, error) { return Script{}, errors.New("no") })
	})
	if err := Stage(t.Context(), Set{failing}, t.TempDir(), failed, fakeApp(), Tools{}); err == nil {
		t.Fatal("a failing plugin succeeded")
	}
	if got, want := tree(t, failed), "drwxr-xr-x app/\ndrwxr-xr-x logs/\n-rw-r--r-- startup\ndrwxr-xr-x tmp/"; got != want {
		t.Errorf("a failed staging left\n%s, want\n%s", got, want)
	}
}

func TestStageKnowsOnlyTheFrameworksOfItsSet(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"cobol", "", "../fake", "fake/../fake", "fake;id"} {
		app := fakeApp()
		app.FrameworkInfo.Name = name
		dest := t.TempDir()
		err := Stage(t.Context(), Set{fakePlugin(echo)}, t.TempDir(), dest, app, Tools{})
		staging, ok := errors.AsType[*StagingError](err)
		if !ok || !strings.Contains(staging.Message, "no staging plugin") || staging.Hint() != "frameworks that can be staged: fake" {
			t.Errorf("staging %q = %v, want that there is no plugin", name, err)
		}
		if got := tree(t, dest); got != "" {
			t.Errorf("staging %q left %s", name, got)
		}
	}
}

func TestStageNeedsTwoDirectoriesApart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, sub := range []string{"a/b", "c"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("a", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ source, dest, want string }{
		{"a", "a", "lies in source_dir"},
		{"a", "a/b", "lies in source_dir"},
		{"a", "link/b", "lies in source_dir"},
		{"a/b", "link", "lies in dest_dir"},
		{"none", "c", "source_dir: "},
		{"file", "c", "source_dir: "},
		{"a", "none", "dest_dir: "},
		{"a", "file", "dest_dir: "},
	} {
		err := Stage(t.Context(), Set{fakePlugin(echo)}, filepath.Join(dir, tt.source), filepath.Join(dir, tt.dest), fakeApp(), Tools{})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("staging %s into %s = %v, want %q", tt.source, tt.dest, err, tt.want)
		}
	}
	if got := tree(t, filepath.Join(dir, "a")); got != "drwxr-xr-x b/" {
		t.Errorf("a refused staging left %s", got)
	}
}

func TestStageDoesNotMixTwoDroplets(t *testing.T) {
	t.Parallel()
	source, dest := t.TempDir(), t.TempDir()
	set := Set{fakePlugin(echo)}
	if err := Stage(t.Context(), set, source, dest, fakeApp(), Tools{}); err != nil {
		t.Fatal(err)
	}
	before := tree(t, dest)
	if err := Stage(t.Context(), set, source, dest, fakeApp(), Tools{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("staging into the same directory = %v, want file exists", err)
	}
	if after := tree(t, dest); after != before {
		t.Errorf("the first droplet became\n%s", after)
	}
}

func TestStageReturnsThePluginsErrorAndKeepsWhatWasMade(t *testing.T) {
	t.Parallel()
	failure := &StagingError{Message: "no way"}
	dest := t.TempDir()
	err := Stage(t.Context(), Set{fakePlugin(func(_ context.Context, w *Workspace) error {
		w.Log.Warn("trying")
		return w.WriteStartup(func() (Script, error) { return Script{}, failure })
	})}, t.TempDir(), dest, fakeApp(), Tools{Text: T2})
	if err != error(failure) || err.Error() != "no way" {
		t.Errorf("Stage = %v, want the plugin's error", err)
	}
	want := "drwxr-xr-x app/\ndrwxr-xr-x logs/\n-rw-r--r-- logs/staging.log\n-rw-r--r-- startup\ndrwxr-xr-x tmp/"
	if got := tree(t, dest); got != want {
		t.Errorf("a failed staging left\n%s, want\n%s", got, want)
	}
}

func TestStageFailsWhenTheLogCannotBeWritten(t *testing.T) {
	t.Parallel()
	err := Stage(t.Context(), Set{fakePlugin(func(_ context.Context, w *Workspace) error {
		if err := os.Mkdir(filepath.Join(w.Dest, droplet.StagingLog), 0o755); err != nil {
			return err
		}
		w.Log.Info("lost")
		w.Log.Info("lost too")
		return nil
	})}, t.TempDir(), t.TempDir(), fakeApp(), Tools{})
	if err == nil || !strings.Contains(err.Error(), droplet.StagingLog) {
		t.Errorf("Stage = %v, want an error about the log", err)
	}
}

func TestWorkspaceReadsTheAppsFiles(t *testing.T) {
	t.Parallel()
	source := newApp(t, map[string]string{"config/x.yml": "a: b", "big": strings.Repeat("x", maxRead+1), "dir/": ""})
	err := Stage(t.Context(), Set{fakePlugin(func(_ context.Context, w *Workspace) error {
		if got, err := w.ReadApp("config/x.yml"); err != nil || string(got) != "a: b" {
			t.Errorf("ReadApp = %q, %v", got, err)
		}
		if got, err := w.ReadApp("config/none.yml"); err != nil || got != nil {
			t.Errorf("ReadApp of nothing = %q, %v", got, err)
		}
		for name, want := range map[string]string{"big": "larger than", "dir": "no file", "../tmp": "escapes", "config/x.yml/y": "not a directory"} {
			if _, err := w.ReadApp(name); err == nil || !strings.Contains(err.Error(), "read "+name) || !strings.Contains(err.Error(), want) {
				t.Errorf("ReadApp(%s) = %v, want %q", name, err, want)
			}
		}
		if !w.HasSource("config/x.yml") || w.HasSource("none") {
			t.Error("HasSource is wrong about the source")
		}
		if w.Memory() != 512 {
			t.Errorf("memory without a limit = %d, want 512", w.Memory())
		}
		return nil
	})}, source, t.TempDir(), fakeApp(), Tools{})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTextIsOneOfTwoEras(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]Text{"": T1, "T1": T1, "T2": T2} {
		if got, err := ParseText(s); err != nil || got != want {
			t.Errorf("ParseText(%q) = %q, %v, want %q", s, got, err, want)
		}
	}
	err := Stage(t.Context(), Set{fakePlugin(echo)}, t.TempDir(), t.TempDir(), fakeApp(), Tools{Text: "T3"})
	if err == nil || !strings.Contains(err.Error(), "want T1 or T2") {
		t.Errorf("staging in T3 = %v", err)
	}
}

func TestSetNamesAreSorted(t *testing.T) {
	t.Parallel()
	if got := (Set{fakePlugin(echo), fakePlugin(echo)}).Names(); !slices.Equal(got, []string{"fake", "fake"}) {
		t.Errorf("Names = %v", got)
	}
}
