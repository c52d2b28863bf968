package isolationtest

import (
	"errors"
	"testing"

	"github.com/minicf/minicf/dea/isolation"
)

var adopting = map[string]test{
	"adopt takes over what another DEA started":        adoptTakesOver,
	"adopt tells when an adopted instance ends":        adoptTellsEnd,
	"adopt runs the stop script with its environment":  adoptRunsStop,
	"adopt takes nothing that is not the same process": adoptRefuses,
}

func adoptTakesOver(t *testing.T, s *suite) {
	spec := s.instance(t, serve(lasting))
	first := s.start(t, spec)
	app := pid(t, spec, "run.pid")
	second := adopt(t, s, first.Handle(), spec)
	if second.Handle() != first.Handle() || second.Exit() != (isolation.Exit{}) {
		t.Errorf("adopted is %+v, exit %+v, want what was started", second.Handle(), second.Exit())
	}
	if usage, err := second.Usage(t.Context()); err != nil || usage.MemoryKB == 0 {
		t.Errorf("usage = %+v, %v", usage, err)
	}
	stop(t, second)
	ended(t, second)
	dead(t, first.Handle().PID, app)
	if _, err := second.Usage(t.Context()); !errors.Is(err, isolation.ErrGone) {
		t.Errorf("usage afterwards: %v, want ErrGone", err)
	}
}

func adoptTellsEnd(t *testing.T, s *suite) {
	spec := s.instance(t, "read line < <(while [ ! -e go ]; do sleep 0.01; done; echo)\nexit 7\n")
	first := s.start(t, spec)
	second := adopt(t, s, first.Handle(), spec)
	select {
	case <-second.Done():
		t.Error("it is told to have ended before it has")
	default:
	}
	tell(t, spec, "go", "")
	if exit := ended(t, second); exit.Status != -1 || exit.Reason == "" {
		t.Errorf("exit is %+v, want one that nobody knows", exit)
	}
}

func adoptRunsStop(t *testing.T, s *suite) {
	requireProc(t) // which tells the environment
	spec := s.instance(t, serve(lasting))
	script(t, spec, "stop", "echo \"$GREETING $1\" > stopped.new; mv stopped.new stopped\nkill -9 $1\n")
	first := s.start(t, spec)
	app := pid(t, spec, "run.pid")
	stop(t, adopt(t, s, first.Handle(), isolation.Spec{ID: spec.ID, Dir: spec.Dir}))
	dead(t, app)
	if got, want := content(t, spec, "stopped"), "hello "+content(t, spec, "run.pid"); got != want {
		t.Errorf("the stop script saw %q, want %q", got, want)
	}
}

func adoptRefuses(t *testing.T, s *suite) {
	spec := s.instance(t, serve(lasting))
	c := s.start(t, spec)
	app := pid(t, spec, "run.pid")
	other, bare, over := c.Handle(), c.Handle(), s.instance(t, "exit 0\n")
	other.Start++
	bare.Start = 0
	gone := s.start(t, over)
	ended(t, gone)
	for what, h := range map[string]isolation.Handle{"another start time": other, "a bare process id": bare, "one that has ended": gone.Handle()} {
		if adopted, err := s.newBackend(t).Adopt(t.Context(), h, spec); !errors.Is(err, isolation.ErrGone) {
			t.Errorf("%s: adopted %v, %v, want ErrGone", what, adopted, err)
		}
	}
	if !alive(c.Handle().PID) || !alive(app) {
		t.Error("an attempt to adopt ended it")
	}
}

// adopt has another DEA's backend take over.
func adopt(t *testing.T, s *suite, h isolation.Handle, spec isolation.Spec) isolation.Container {
	t.Helper()
	c, err := s.newBackend(t).Adopt(t.Context(), h, spec)
	if err != nil {
		t.Fatalf("Adopt: %v", err)
	}
	return c
}
