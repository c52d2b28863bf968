// Package testkit is what the tests of several packages share: waiting for other processes, free ports, tools that may be missing,
// and a logger that writes into the test's own output.
//
// It imports nothing of minicf but its loggers, so that any package's test may import it. Code that is not a test must not.
package testkit

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// step is how often Eventually looks. It is the only real waiting in the project's tests.
const step = 10 * time.Millisecond

// Eventually calls cond until it is true, and fails the test when it is not within the timeout: `gave up after 10s waiting
// for the app to answer`. It calls cond at least twice, and always once more after the timeout.
//
// It is for things of other processes alone (a file they write, a port they open). Within one process wait on a channel,
// or use testing/synctest.
func Eventually(tb testing.TB, timeout time.Duration, desc string, cond func() bool) {
	tb.Helper()
	if cond() {
		return
	}
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	ticker := time.NewTicker(step)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if cond() {
				return
			}
		case <-deadline.C:
			if !cond() {
				tb.Fatalf("gave up after %s waiting for %s", timeout, desc)
			}
			return
		}
	}
}

// FreePort returns a TCP port of 127.0.0.1 that nobody listens on. Somebody else may take it before the test does: where
// the code under test can be told port 0, do that instead.
func FreePort(tb testing.TB) int {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("find a free port: %v", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// RequireTool skips the test when one of the programs is not on the PATH. A name with a / is that of a file, which need not be a
// program. With CI=true in the environment it fails instead: a suite that skips silently proves nothing.
func RequireTool(tb testing.TB, names ...string) {
	tb.Helper()
	var missing []string
	for _, name := range names {
		if !there(name) {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return
	}
	list := strings.Join(missing, ", ")
	if os.Getenv("CI") == "true" {
		tb.Fatalf("needs %s, which CI must have: `make test` installs it", list)
		return
	}
	tb.Skipf("SKIP: needs %s, not found on the PATH: run make test, which installs it", list)
}

func there(name string) bool {
	if strings.Contains(name, "/") {
		_, err := os.Stat(name)
		return err == nil
	}
	_, err := exec.LookPath(name)
	return err == nil
}
