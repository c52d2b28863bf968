package process

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/minicf/minicf/dea/isolation"
)

// One look is what measuring all instances of a DEA costs, and several are what a stop costs.
func BenchmarkLookAtProcessTable(b *testing.B) {
	for b.Loop() {
		if _, err := (linux{}).all(b.Context(), nil); err != nil {
			b.Fatal(err)
		}
	}
}

// What a DEA with 500 instances does every two seconds: each is a startup script and its app, and all disks are walked.
func BenchmarkUsageOf500Instances(b *testing.B) {
	backend := New(Options{})
	instances := startMany(b, backend, 500)
	if _, err := backend.glance(b.Context()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		backend.last.at = time.Time{} // as if two seconds had passed
		for _, c := range instances {
			c.disk.until = time.Time{}
			if _, err := c.Usage(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func startMany(tb testing.TB, backend *Backend, n int) []*container {
	tb.Helper()
	root := tb.TempDir()
	var all []*container
	tb.Cleanup(func() {
		var wg sync.WaitGroup
		for _, c := range all {
			wg.Go(func() { _ = c.Stop(context.WithoutCancel(tb.Context())) })
		}
		wg.Wait()
	})
	for i := range n {
		dir, id := filepath.Join(root, fmt.Sprint("app-", i)), fmt.Sprintf("bench%dx%d", os.Getpid(), i)
		for _, sub := range []string{"app", "logs", "tmp"} {
			if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
				tb.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "startup"), []byte("#!/bin/sh\nsleep 1000 > logs/stdout.log & wait\n"), 0o755); err != nil {
			tb.Fatal(err)
		}
		c, err := backend.start(tb.Context(), filepath.Join(dir, "startup"), isolation.Spec{
			ID: id, Dir: dir, Env: []string{"HOME=" + dir, isolation.IDVariable + "=" + id, "PATH=" + os.Getenv("PATH")},
		})
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}
