package stager

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"
)

func TestWorkspaceComesAndGoes(t *testing.T) {
	t.Parallel()
	tmp := t.TempDir()
	w, err := newWorkspace(tmp)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf(`^d%s-%d-[0-9a-z]+$`, time.Now().Format("20060102"), os.Getpid())
	if !regexp.MustCompile(name).MatchString(filepath.Base(w.dir)) {
		t.Errorf("name = %s, want it to match %s", filepath.Base(w.dir), name)
	}
	for _, dir := range []string{w.dir, w.path(unstaged), w.path(staged)} {
		info, err := os.Stat(dir)
		if err != nil || info.Mode() != os.ModeDir|0o700 {
			t.Errorf("%s: mode %v, error %v, want drwx------", dir, info.Mode(), err)
		}
	}
	if err := os.WriteFile(w.path(appZip), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.remove(); err != nil {
			t.Errorf("remove: %v", err)
		}
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left: %v, error: %v", left, err)
	}
}

func TestWorkspaceWithoutADirectoryIsAnError(t *testing.T) {
	t.Parallel()
	if w, err := newWorkspace(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Errorf("made %s", w.dir)
	}
}

func TestSweepTakesOnlyWhatNobodyHolds(t *testing.T) {
	t.Parallel()
	tmp := t.TempDir()
	mine, err := newWorkspace(tmp)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mine.remove() }()
	const gone = 1 << 30 // no system has so many processes
	for _, path := range []string{
		fmt.Sprintf("d20121113-%d-a1/staged/app/app.rb", gone),
		fmt.Sprintf("d20121113-%d-b2/app.zip", os.Getpid()), // of an earlier process with this id
		"d20121113-1-c3/unstaged/x",
		fmt.Sprintf("d20121113-%d-keep1/notes.txt", gone), // another program's
		fmt.Sprintf("d20121113-%d/app.zip", gone),
		"keep3/app.zip",
	} {
		write(t, filepath.Join(tmp, path))
	}
	for _, dir := range []string{fmt.Sprintf("d20121113-%d-d4", gone), fmt.Sprintf("d20121113-%d-keep2", os.Getppid())} {
		if err := os.Mkdir(filepath.Join(tmp, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(tmp, fmt.Sprintf("d20121113-%d-file", gone)))
	outside := t.TempDir()
	write(t, filepath.Join(outside, "unstaged", "x"))
	if err := os.Symlink(outside, filepath.Join(tmp, fmt.Sprintf("d20121113-%d-link", gone))); err != nil {
		t.Fatal(err)
	}

	log, _ := record(t)
	if err := sweep(tmp, log); err != nil {
		t.Fatal(err)
	}
	want := []string{
		filepath.Base(mine.dir), fmt.Sprintf("d20121113-%d", gone), fmt.Sprintf("d20121113-%d-keep1", gone), "keep3",
		fmt.Sprintf("d20121113-%d-keep2", os.Getppid()), fmt.Sprintf("d20121113-%d-file", gone), fmt.Sprintf("d20121113-%d-link", gone),
	}
	slices.Sort(want)
	if got := workspaces(t, Config{Dirs: Dirs{Tmp: tmp}}); !slices.Equal(got, want) {
		t.Errorf("left are\n%s\nwant\n%s", quoted(got), quoted(want))
	}
	if _, err := os.Stat(filepath.Join(outside, "unstaged", "x")); err != nil {
		t.Error("the sweep followed a link")
	}
}

// TestNewWorkspaceSurvivesASweep has stagers start all the time while others make workspaces: a directory that is not
// locked yet looks abandoned.
func TestNewWorkspaceSurvivesASweep(t *testing.T) {
	t.Parallel()
	tmp := t.TempDir()
	done, swept := make(chan struct{}), make(chan error)
	log, _ := record(t)
	go func() {
		for {
			select {
			case <-done:
				swept <- nil
				return
			default:
			}
			if err := sweep(tmp, log); err != nil {
				swept <- err
				return
			}
		}
	}()
	for range 300 {
		w, err := newWorkspace(tmp)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(w.path(staged), "x"), nil, 0o600); err != nil {
			t.Errorf("the workspace was taken away: %v", err)
		}
		if err := w.remove(); err != nil {
			t.Error(err)
		}
	}
	close(done)
	if err := <-swept; err != nil {
		t.Error(err)
	}
}

func write(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
}
