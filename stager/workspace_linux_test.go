package stager

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// TestWorkspaceWithForbiddenModesIsRemoved works as nobody when it is run by root, whom modes do not stop.
func TestWorkspaceWithForbiddenModesIsRemoved(t *testing.T) {
	t.Parallel()
	tmp := t.TempDir()
	if os.Getuid() == 0 {
		const nobody = 65534
		if err := os.Chown(tmp, nobody, nobody); err != nil {
			t.Fatal(err)
		}
		for dir := tmp; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		runtime.LockOSThread() // only this thread's access to files changes
		t.Cleanup(func() {
			if err := syscall.Setfsuid(0); err != nil {
				t.Error(err)
				return // and keep the thread from being used again
			}
			runtime.UnlockOSThread()
		})
		if err := syscall.Setfsuid(nobody); err != nil {
			t.Fatal(err)
		}
	}
	w, err := newWorkspace(tmp)
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"a/b", "c/d/e"} {
		write(t, filepath.Join(w.path(staged), dir, "file"))
	}
	for _, dir := range []struct {
		path string
		mode os.FileMode
	}{{"a/b/file", 0}, {"a/b", 0o500}, {"a", 0}, {"c/d/e", 0}, {"c/d", 0o500}, {"c", 0o100}} { // inner ones first
		if err := os.Chmod(filepath.Join(w.path(staged), dir.path), dir.mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(w.dir); err == nil {
		t.Fatal("os.RemoveAll manages alone: this test shows nothing")
	}
	if err := w.remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(w.dir); !os.IsNotExist(err) {
		t.Errorf("the workspace is still there: %v", err)
	}
}
