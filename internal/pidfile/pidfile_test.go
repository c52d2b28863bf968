package pidfile_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/minicf/minicf/internal/pidfile"
)

func TestPidFileHoldsTheProcessIDUntilRemoved(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "some", "where", "dea.pid")
	p, err := pidfile.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if want := strconv.Itoa(os.Getpid()) + "\n"; err != nil || string(content) != want {
		t.Errorf("content = %q, %v, want %q", content, err, want)
	}
	if err := p.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("file is still there: %v", err)
	}
	again, err := pidfile.Create(path)
	if err != nil {
		t.Fatalf("after Remove: %v", err)
	}
	if err := again.Remove(); err != nil {
		t.Error(err)
	}
}

func TestSecondOwnerIsToldWhoRuns(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "dea.pid")
	p, err := pidfile.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Remove()
	_, err = pidfile.Create(path)
	var running *pidfile.RunningError
	if !errors.As(err, &running) {
		t.Fatalf("error = %v, want a RunningError", err)
	}
	want := "Process already running (pid=" + strconv.Itoa(os.Getpid()) + ")."
	if err.Error() != want || !strings.Contains(running.Hint(), path) {
		t.Errorf("error = %q (%s), want %q and a hint that names the file", err, running.Hint(), want)
	}
}

// The components of 2012 did not keep the lock: their process id alone counts.
func TestLivingProcessWithoutALockStillOwnsTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "dea.pid")
	write(t, path, strconv.Itoa(os.Getppid())+"\n")
	if _, err := pidfile.Create(path); err == nil {
		t.Fatal("no error though the process in the file is alive")
	}
	if content, _ := os.ReadFile(path); string(content) != strconv.Itoa(os.Getppid())+"\n" {
		t.Errorf("the other one's file now reads %q", content)
	}
}

func TestLeftoverFilesAreTakenOver(t *testing.T) {
	t.Parallel()
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"of a process that is gone":        strconv.Itoa(dead.Process.Pid) + "\n",
		"of this process id, from before":  strconv.Itoa(os.Getpid()) + "\n",
		"that is empty":                    "",
		"that holds no number":             "hello\n",
		"that holds a number out of range": "-1\n",
		"that is longer than any":          strings.Repeat("9", 1<<16),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "dea.pid")
			write(t, path, content)
			p, err := pidfile.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Remove()
			if now, _ := os.ReadFile(path); string(now) != strconv.Itoa(os.Getpid())+"\n" {
				t.Errorf("content = %q, want this process's id", now)
			}
		})
	}
}

func TestWhatIsNoFileIsAnError(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := pidfile.Create(dir); err == nil {
		t.Error("a directory was taken for a pid file")
	}
	write(t, filepath.Join(dir, "file"), "")
	if _, err := pidfile.Create(filepath.Join(dir, "file", "dea.pid")); err == nil {
		t.Error("a pid file below a file was created")
	}
}

func write(tb testing.TB, path, content string) {
	tb.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		tb.Fatal(err)
	}
}
