package isolationtest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/minicf/minicf/dea/isolation"
)

var ending = map[string]test{
	"exit tells status and signal":                       exitTellsStatus,
	"exit keeps the last lines of standard error":        exitKeepsStderr,
	"what startup leaves behind does not delay its exit": exitIsNotDelayed,
}

func exitTellsStatus(t *testing.T, s *suite) {
	for startup, want := range map[string]isolation.Exit{
		"exit 0":                      {Status: 0, Reason: "exit status 0"},
		"exit 7":                      {Status: 7, Reason: "exit status 7"},
		"kill -9 $$":                  {Status: -1, Reason: "signal: killed"},
		"echo no such app >&2; false": {Status: 1, Reason: "exit status 1", Stderr: "no such app\n"},
	} {
		c := s.start(t, s.instance(t, startup))
		if got := ended(t, c); got != want {
			t.Errorf("exit of %q = %+v, want %+v", startup, got, want)
		}
	}
}

func exitKeepsStderr(t *testing.T, s *suite) {
	c := s.start(t, s.instance(t, `for i in {1..2000}; do echo "line $i" >&2; done; printf 'bad byte \xff, no newline' >&2`))
	got := ended(t, c).Stderr
	if first, _, _ := strings.Cut(got, "\n"); !strings.HasPrefix(first, "line 1") || len(got) < 3<<10 || len(got) > 5<<10 {
		t.Errorf("kept %d bytes from %q on, want the last 4096 or so, beginning with a line", len(got), first)
	}
	if want := "line 2000\nbad byte \uFFFD, no newline"; !strings.HasSuffix(got, want) {
		t.Errorf("standard error ends with %q, want %q", got[max(0, len(got)-60):], want)
	}
}

func exitIsNotDelayed(t *testing.T, s *suite) {
	spec := s.instance(t, fmt.Sprintf("%s &\necho $! > left\nexit 3\n", lasting)) // it has startup's standard error open
	c := s.start(t, spec)
	if exit := ended(t, c); exit.Status != 3 {
		t.Errorf("exit = %+v, want status 3", exit)
	}
	left := pid(t, spec, "left")
	if !alive(left) {
		t.Error("the process left behind has ended, want only startup to have")
	}
	stop(t, c)
	dead(t, left)
}
