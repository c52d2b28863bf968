package landlock

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/dea/isolation/isolationtest"
	"github.com/minicf/minicf/dea/isolation/process"
	"github.com/minicf/minicf/internal/confine"
	"github.com/minicf/minicf/internal/testkit"
)

func TestMain(m *testing.M) {
	if _, err := confine.Enter(os.Args); err != nil {
		os.Exit(126)
	}
	os.Exit(m.Run())
}

func newBackend(tb testing.TB, opts Options) *Backend {
	tb.Helper()
	shim, err := confine.Enter(os.Args)
	if err != nil {
		tb.Fatal(err)
	}
	b := New(shim, opts)
	if b.version == 0 {
		tb.Skip("SKIP: this machine has no Landlock")
	}
	return b
}

func TestLandlockPassesTheConformanceSuite(t *testing.T) {
	t.Parallel()
	isolationtest.Run(t, func(tb testing.TB) isolation.Backend { return newBackend(tb, Options{}) })
}

// run runs a script in an instance, and returns what it leaves in the file out.
func run(t *testing.T, b *Backend, id, script string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "instance")
	for _, sub := range []string{"app", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "startup"), []byte("#!/bin/bash\n{ "+script+"\n} > out 2>&1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	c, err := b.Start(t.Context(), isolation.Spec{
		ID: fmt.Sprintf("ll%dx%s", os.Getpid(), id), Dir: dir, Env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir + "/tmp"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Stop(context.WithoutCancel(t.Context())) })
	select {
	case <-c.Done():
	case <-time.After(30 * time.Second):
		t.Fatal("the script has not ended")
	}
	out, err := os.ReadFile(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestInstanceSeesItsFilesAndNobodyElses(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "bash")
	foreign := t.TempDir()
	secret, listed := filepath.Join(foreign, "secret"), filepath.Join(foreign, "listed")
	for _, path := range []string{secret, listed} {
		if err := os.WriteFile(path, []byte("password\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b := newBackend(t, Options{Read: []string{listed}})
	for name, c := range map[string]struct{ script, want string }{
		"reads its own":           {"echo mine > app/x; cat app/x", "mine"},
		"moves its own":           {"echo mine > app/x; mv app/x tmp/y && ln tmp/y app/z && cat app/z", "mine"},
		"has a tmp":               {`f=$(mktemp) && echo mine > "$f" && cat "$f"`, "mine"},
		"runs programs":           {"ls /usr > /dev/null && echo ran", "ran"},
		"reads a file of another": {"cat " + secret, "Permission denied"},
		"reads what is listed":    {"cat " + listed, "password"},
		"writes what is listed":   {"echo x > " + listed, "Permission denied"},
		"lists another directory": {"ls " + foreign, "Permission denied"},
		"writes elsewhere":        {"echo x > " + foreign + "/new", "Permission denied"},
		"removes elsewhere":       {"rm -f " + secret + " || echo refused", "refused"},
		"writes to the system":    {"echo x > /usr/minicf-was-here", "Permission denied"},
		"reads passwords":         {"cat /etc/shadow", "Permission denied"},
		"looks into the DEA":      {fmt.Sprintf("cat /proc/%d/environ > /dev/null", os.Getpid()), "Permission denied"},
		"signals the DEA":         {fmt.Sprintf("kill -0 %d || echo refused", os.Getpid()), "refused"},
		"has no new privileges":   {"grep NoNewPrivs /proc/self/status", "NoNewPrivs:\t1"},
		"makes a disk of its own": {"mknod app/disk b 8 0 || echo refused", "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "signals the DEA" && b.version < 6 {
				t.Skip("SKIP: this Landlock knows nothing of signals")
			}
			if got := run(t, b, strings.ReplaceAll(name, " ", ""), c.script); !strings.Contains(got, c.want) {
				t.Errorf("%s: %q, want %q", c.script, got, c.want)
			}
		})
	}
}

// An app chooses its environment; the shim must not be moved by it.
func TestEnvironmentActsOnTheAppOnly(t *testing.T) {
	t.Parallel()
	shim, err := confine.Enter(os.Args)
	if err != nil {
		t.Fatal(err)
	}
	cmd := &process.Command{Path: "/apps/x/startup", Env: []string{"LD_PRELOAD=/apps/x/evil.so", "GODEBUG=inittrace=1"}}
	started, err := wrap(shim, Options{}, isolation.Spec{ID: "c8b0", Dir: t.TempDir()}, cmd)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(cmd.Env, " "); got != isolation.IDVariable+"=c8b0" || cmd.Path == "/apps/x/startup" {
		t.Errorf("the shim %s gets %q", cmd.Path, got)
	}
	_ = started()
}

func TestProtectionsNameWhatIsMissing(t *testing.T) {
	t.Parallel()
	for version, want := range map[int]int{0: 6, 1: 5, 3: 4, 5: 3, 6: 1, 7: 1} { // the network is never restricted
		off := 0
		for _, p := range (&Backend{Backend: New(confine.Shim{}, Options{}).Backend, version: version}).Protections() {
			if !p.On {
				off++
			}
		}
		if off != want {
			t.Errorf("version %d: %d protections are off, want %d", version, off, want)
		}
	}
}

// The suite as nobody, who has no rights to give away.
func TestLandlockNeedsNoRoot(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("SKIP: the others show it already")
	}
	testkit.RequireTool(t, "setpriv", "bash")
	newBackend(t, Options{})
	dir, err := os.MkdirTemp("", "landlock")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	self := filepath.Join(dir, "self.test")
	text, err := os.ReadFile(os.Args[0])
	if err == nil {
		err = os.WriteFile(self, text, 0o755)
	}
	if err == nil {
		err = os.Chmod(dir, 0o777)
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", self, "-test.run", "TestInstanceSees", "-test.v")
	cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + dir, "HOME=/nonexistent"}
	if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "SKIP") {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}
