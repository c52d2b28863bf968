package droplet_test

import (
	"archive/tar"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/minicf/minicf/droplet"
)

// For root no directory is locked, so that root cannot show that locked ones
// are filled: it runs this test once more as nobody.
func TestUnpackFillsLockedDirectories(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		runAsNobody(t)
		return
	}
	locked := func(name string) tarFile {
		return tarFile{Header: tar.Header{Typeflag: tar.TypeDir, Name: name}}
	}
	files := []tarFile{locked("a"), locked("a/b"), header(tar.TypeReg, "a/b/c", ""), header(tar.TypeReg, "a/d", "")}
	files[0].Mode, files[1].Mode = 0o100, 0o500
	dir := newTarget(t)
	must(t, droplet.Unpack(t.Context(), bytes.NewReader(newTGZ(t, files...)), dir, droplet.Limits{}))
	checkMode(t, filepath.Join(dir, "a"), os.ModeDir|0o100)
	checkMode(t, filepath.Join(dir, "a/b"), os.ModeDir|0o500)

	// Tree leaves out what it may not read.
	if got, want := listing(t, dir), []string{"a/ d--x------"}; !slices.Equal(got, want) {
		t.Errorf("Tree = %q, want %q", got, want)
	}
	must(t, os.Chmod(filepath.Join(dir, "a"), 0o700))
	if text := strings.Join(listing(t, dir), " "); !strings.Contains(text, "a/b/c") || !strings.Contains(text, "a/d") {
		t.Errorf("unpacked %q, want a/b/c and a/d among it", text)
	}
}

func runAsNobody(t *testing.T) {
	t.Helper()
	tmp := t.TempDir()
	must(t, os.Chmod(tmp, 0o777), os.Chmod(filepath.Dir(tmp), 0o755))
	self, err := os.Executable()
	must(t, err)
	// A program that this process wrote itself could be busy in the child of
	// another test when it is started.
	bin := filepath.Join(tmp, "droplet.test")
	run(t, tmp, "cp", self, bin)
	must(t, os.Chmod(bin, 0o755))
	cmd := exec.CommandContext(t.Context(), bin, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Dir = tmp
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: "+t.Name())) {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}
