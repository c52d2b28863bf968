package isolationtest

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/minicf/minicf/dea/isolation"
)

var sweeping = map[string]test{
	"sweep ends what another DEA started":             sweepEndsOthers,
	"sweep ends a daemon whose leader is gone":        sweepEndsDaemon,
	"sweep ends a daemon with a HOME elsewhere":       sweepEndsMovedDaemon,
	"sweep spares a process with another start time":  sweepSparesReused,
	"sweep refuses a handle that would hit everybody": sweepRefuses,
	"sweep finds nothing":                             sweepFindsNothing,
}

func sweepEndsOthers(t *testing.T, s *suite) {
	spec := s.instance(t, serve("bash -c 'trap \"\" TERM; sleep 1000 & echo $! > child; wait'"))
	c := s.start(t, spec)
	pids := []int{c.Handle().PID, pid(t, spec, "run.pid"), pid(t, spec, "child")}
	sweep(t, s.newBackend(t), c.Handle())
	ended(t, c)
	dead(t, pids...)
}

func sweepEndsDaemon(t *testing.T, s *suite) {
	requireProc(t)
	spec := s.instance(t, "(setsid bash -c 'cd /; echo $$ > \"$HOME/daemon\"; exec sleep 1000' < /dev/null > /dev/null 2>&1 &)\nexit 0\n")
	c := s.start(t, spec)
	daemon := pid(t, spec, "daemon")
	ended(t, c)
	sweep(t, s.newBackend(t), c.Handle())
	dead(t, daemon)
}

func sweepEndsMovedDaemon(t *testing.T, s *suite) {
	requireProc(t)
	spec, leave := s.leaving(t, "export HOME=/nowhere\n")
	c := s.start(t, spec)
	daemon := leave(c)
	sweep(t, s.newBackend(t), isolation.Handle{ID: "another", Dir: t.TempDir()})
	if !alive(daemon) {
		t.Error("sweep ended the daemon of another instance")
	}
	sweep(t, s.newBackend(t), isolation.Handle{ID: spec.ID, Dir: spec.Dir}) // as if it had been launched a moment before the kill
	dead(t, daemon)
}

func sweepSparesReused(t *testing.T, s *suite) {
	spec := s.instance(t, serve(lasting))
	c := s.start(t, spec)
	app := pid(t, spec, "run.pid")
	h := c.Handle()
	sweep(t, s.newBackend(t), isolation.Handle{PID: h.PID, Start: h.Start + 1, Dir: t.TempDir()})
	sweep(t, s.newBackend(t), isolation.Handle{PID: h.PID, Dir: t.TempDir()})
	if !alive(h.PID) || !alive(app) {
		t.Error("sweep ended a process whose start time is another one's")
	}
}

func sweepRefuses(t *testing.T, s *suite) {
	for _, h := range []isolation.Handle{
		{PID: 4711, Start: 1, Dir: ""},
		{PID: 4711, Start: 1, Dir: "apps"},
		{PID: 4711, Start: 1, Dir: "/"},
		{PID: 4711, Start: 1, Dir: "/tmp/../"},
		{PID: 1, Start: 1, Dir: s.root},
		{PID: -1, Start: 1, Dir: s.root},
	} {
		if err := s.newBackend(t).Sweep(t.Context(), h); err == nil {
			t.Errorf("Sweep(%+v) = nil, want an error", h)
		}
	}
}

func sweepFindsNothing(t *testing.T, s *suite) {
	spec := s.instance(t, "exit 0\n")
	c := s.start(t, spec)
	ended(t, c)
	sweep(t, s.newBackend(t), c.Handle())
	sweep(t, s.newBackend(t), isolation.Handle{Dir: filepath.Join(s.root, "never was")})
}

func sweep(t *testing.T, b isolation.Backend, h isolation.Handle) {
	t.Helper()
	if err := b.Sweep(context.WithoutCancel(t.Context()), h); err != nil {
		t.Errorf("Sweep(%+v): %v", h, err)
	}
}
