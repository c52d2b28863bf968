package isolationtest

import (
	"errors"
	"testing"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/internal/testkit"
)

var measuring = map[string]test{
	"usage counts children":           usageCountsChildren,
	"usage measures the CPU":          usageMeasuresCPU,
	"usage measures the disk":         usageMeasuresDisk,
	"usage says when nothing is left": usageOfNothing,
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
