package isolationtest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/internal/testkit"
)

var measuring = map[string]test{
	"usage counts children":           usageCountsChildren,
	"usage measures the CPU":          usageMeasuresCPU,
	"usage measures the disk":         usageMeasuresDisk,
	"usage counts processes":          usageCountsProcesses,
	"usage says when nothing is left": usageOfNothing,
	"a busy family gives way":         familyGivesWay,
	"too much memory is seen":         tooMuchMemoryIsSeen,
	"too many processes are seen":     tooManyProcessesAreSeen,
}

// usage waits for a measurement that fits: it may be of a moment ago.
func usage(t *testing.T, c isolation.Container, desc string, fits func(isolation.Usage) bool) {
	t.Helper()
	testkit.Eventually(t, patience, desc, func() bool {
		u, err := c.Usage(t.Context())
		if err != nil {
			t.Fatalf("Usage: %v", err)
		}
		return !u.At.IsZero() && fits(u)
	})
}

func usageCountsChildren(t *testing.T, s *suite) {
	// A child of a child with 40 MB of its own: the leader is a bash of 4.
	spec := s.instance(t, serve(`bash -c '(x=$(printf "%40000000s" ""); echo "${#x}" > new; mv new big; `+lasting+`; echo "$x") & wait'`))
	c := s.start(t, spec)
	content(t, spec, "big")
	usage(t, c, "a usage of 40 MB", func(u isolation.Usage) bool { return u.MemoryKB > 40_000 && u.MemoryKB < 400_000 })
}

func usageMeasuresCPU(t *testing.T, s *suite) {
	c := s.start(t, s.instance(t, serve("bash -c 'while :; do :; done'")))
	usage(t, c, "a child that is busy", func(u isolation.Usage) bool { return u.CPU > 5 && u.CPU < 300 })
	idle := s.start(t, s.instance(t, serve(lasting)))
	usage(t, idle, "an instance that is idle", func(u isolation.Usage) bool { return u.CPU < 5 })
}

func usageMeasuresDisk(t *testing.T, s *suite) {
	spec := s.instance(t, "head -c 3000000 /dev/urandom > app/data; ln app/data app/again; ln -s / app/world\n"+serve(lasting))
	c := s.start(t, spec)
	pid(t, spec, "run.pid")
	usage(t, c, "3 MB on disk, counted once", func(u isolation.Usage) bool { return u.DiskB >= 3_000_000 && u.DiskB < 3_500_000 })
}

func usageCountsProcesses(t *testing.T, s *suite) {
	spec := s.instance(t, serve(`bash -c '`+lasting+` & bash -c "`+lasting+` & `+lasting+` & wait" & wait'`))
	c := s.start(t, spec)
	usage(t, c, "startup, the app, its child and three that sleep", func(u isolation.Usage) bool { return u.Processes == 6 })
	bare := s.start(t, s.instance(t, "exec "+lasting))
	usage(t, bare, "one process that does not fork", func(u isolation.Usage) bool { return u.Processes == 1 })
}

// A backend may share the cores out by other means, and say so.
func familyGivesWay(t *testing.T, s *suite) {
	spec := s.instance(t, serve("bash -c '"+lasting+" & echo $! > child; wait'"))
	c := s.start(t, spec)
	nicer, ok := c.(isolation.Nicer)
	if !ok {
		t.Skip("SKIP: the backend has no priorities")
	}
	all := []int{c.Handle().PID, pid(t, spec, "run.pid"), pid(t, spec, "child")}
	if err := nicer.Renice(t.Context(), 7); errors.Is(err, errors.ErrUnsupported) {
		t.Skip("SKIP: the backend shares the cores out by other means")
	} else if err != nil {
		t.Errorf("Renice: %v", err)
	}
	for _, pid := range all {
		out, err := exec.Command("ps", "-o", "ni=", "-p", itoa(pid)).Output()
		if got := strings.TrimSpace(string(out)); err != nil || got != "7" {
			t.Errorf("nice value of %d = %q, %v, want 7", pid, got, err)
		}
	}
}

// A backend may end it before anybody has measured it, but has to say so.
func tooMuchMemoryIsSeen(t *testing.T, s *suite) {
	spec := s.instance(t, serve(`bash -c 'x=$(printf "%200000000s" ""); `+lasting+`; echo "$x"'`))
	spec.Limits = isolation.Limits{MemoryMB: 32}
	c := s.start(t, spec)
	testkit.Eventually(t, patience, "more memory than the limit", func() bool {
		u, err := c.Usage(t.Context())
		if errors.Is(err, isolation.ErrGone) {
			return ended(t, c).OverMemoryKB > 32<<10
		}
		return err == nil && u.MemoryKB > 32<<10
	})
}

// A backend may let it have no more, and then what it does is its own affair.
func tooManyProcessesAreSeen(t *testing.T, s *suite) {
	spec := s.instance(t, serve(`bash -c 'for i in $(seq 40); do sleep 1000 & done 2> refused; wait'`))
	spec.Limits = isolation.Limits{Processes: 20}
	c := s.start(t, spec)
	testkit.Eventually(t, patience, "more processes than the limit, or none beyond it", func() bool {
		u, err := c.Usage(t.Context())
		if err == nil && u.Processes > 20 {
			return true
		}
		refused, _ := os.ReadFile(filepath.Join(spec.Dir, "refused"))
		return len(refused) > 0
	})
}

func usageOfNothing(t *testing.T, s *suite) {
	b := s.newBackend(t)
	stopped := startOn(t, b, s.instance(t, serve(lasting)))
	if _, err := stopped.Usage(t.Context()); err != nil {
		t.Errorf("Usage right after the start: %v", err)
	}
	stop(t, stopped)
	over := startOn(t, b, s.instance(t, "exit 0"))
	ended(t, over)
	for name, c := range map[string]isolation.Container{"stopped": stopped, "ended": over} {
		if u, err := c.Usage(t.Context()); !errors.Is(err, isolation.ErrGone) {
			t.Errorf("Usage of a container that has %s = %+v, %v, want ErrGone", name, u, err)
		}
	}
}
