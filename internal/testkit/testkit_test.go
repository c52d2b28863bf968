package testkit

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// fakeTB is a test that can fail or be skipped without the real one noticing.
type fakeTB struct {
	testing.TB
	out      bytes.Buffer
	verdict  string
	cleanups []func()
}

func (f *fakeTB) Helper()                   {}
func (f *fakeTB) Output() io.Writer         { return &f.out }
func (f *fakeTB) Cleanup(c func())          { f.cleanups = append(f.cleanups, c) }
func (f *fakeTB) Fatalf(s string, a ...any) { f.verdict = "FAIL " + fmt.Sprintf(s, a...) }
func (f *fakeTB) Skipf(s string, a ...any)  { f.verdict = "SKIP " + fmt.Sprintf(s, a...) }

func TestEventuallyReturnsAsSoonAsTheConditionHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		Eventually(t, time.Minute, "the third second", func() bool { return time.Since(began) >= 3*time.Second })
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("took %s, want 3s", took)
		}
	})
}

func TestEventuallyFailsWithWhatItWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var f fakeTB
		began := time.Now()
		Eventually(&f, time.Minute, "the app to answer", func() bool { return false })
		if want := "FAIL gave up after 1m0s waiting for the app to answer"; f.verdict != want {
			t.Errorf("verdict = %q, want %q", f.verdict, want)
		}
		if took := time.Since(began); took != time.Minute {
			t.Errorf("took %s, want 1m", took)
		}
	})
}

func TestEventuallyLooksOnceMoreWhenTimeIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var f fakeTB
		looks := 0
		Eventually(&f, time.Nanosecond, "a slow machine", func() bool { looks++; return looks == 2 })
		if f.verdict != "" {
			t.Errorf("verdict = %q, want none: the condition held when the time was over", f.verdict)
		}
	})
}

// Another process may be quicker, but not every time.
func TestFreePortCanBeListenedOn(t *testing.T) {
	t.Parallel()
	var err error
	for range 20 {
		var l net.Listener
		if l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", FreePort(t))); err == nil {
			l.Close()
			return
		}
	}
	t.Errorf("of 20 ports none was free: %v", err)
}

func TestMissingToolSkipsOnAMachineAndFailsInCI(t *testing.T) {
	for ci, want := range map[string]string{
		"":     "SKIP SKIP: needs no-such-tool, /no/such.jar, not found on the PATH: run make test",
		"true": "FAIL needs no-such-tool, /no/such.jar, which CI must have",
	} {
		t.Setenv("CI", ci)
		var f fakeTB
		RequireTool(&f, "no-such-tool", "sh", "./testkit_test.go", "/no/such.jar")
		if !strings.HasPrefix(f.verdict, want) {
			t.Errorf("CI=%q: verdict = %q, want %q…", ci, f.verdict, want)
		}
		f.verdict = ""
		if RequireTool(&f, "sh"); f.verdict != "" {
			t.Errorf("CI=%q: verdict = %q for a tool that is there, want none", ci, f.verdict)
		}
	}
}

func TestLoggerWritesToTheTestUntilItEnds(t *testing.T) {
	t.Parallel()
	var f fakeTB
	log := Logger(&f)
	log.Debug("during", slog.Int("n", 1))
	for _, c := range f.cleanups {
		c()
	}
	log.Error("after")
	if got := f.out.String(); !strings.Contains(got, " -- during n=1\n") || strings.Contains(got, "after") {
		t.Errorf("output = %q, want only the line written during the test", got)
	}
}
