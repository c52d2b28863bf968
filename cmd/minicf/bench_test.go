package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkUpToReadyFile measures what a person waits for: from exec to the ready file, and the resident memory of the idle sandbox.
func BenchmarkUpToReadyFile(b *testing.B) {
	dir := b.TempDir()
	binary := filepath.Join(dir, "minicf")
	build := exec.CommandContext(b.Context(), "go", "build", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as make does
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	var waited time.Duration
	var resident float64
	for b.Loop() {
		took, kb := upOnce(b, binary, b.TempDir())
		waited += took
		resident = max(resident, kb)
	}
	b.ReportMetric(float64(waited.Microseconds())/1000/float64(b.N), "ms-to-ready")
	b.ReportMetric(resident/1024, "MB-resident")
}

func upOnce(b *testing.B, binary, dir string) (time.Duration, float64) {
	b.Helper()
	ready := filepath.Join(dir, "ready.json")
	up := exec.CommandContext(b.Context(), binary, "up", "--data-dir", filepath.Join(dir, "data"), "--ready-file", ready,
		"--nats-port", "0", "--controller-port", "0", "--router-port", "0")
	var log bytes.Buffer
	up.Stdout, up.Stderr = &log, &log
	began := time.Now()
	if err := up.Start(); err != nil {
		b.Fatal(err)
	}
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for {
		if _, err := os.Stat(ready); err == nil {
			break
		}
		if time.Since(began) > 20*time.Second {
			b.Fatalf("not ready:\n%s", log.String())
		}
		<-poll.C
	}
	took := time.Since(began)
	kb := residentKB(b, up.Process.Pid)
	if err := up.Process.Signal(syscall.SIGINT); err != nil {
		b.Fatal(err)
	}
	if err := up.Wait(); err != nil {
		b.Fatalf("%v\n%s", err, log.String())
	}
	return took, kb
}

// residentKB reads VmRSS; where there is no /proc it is 0.
func residentKB(b *testing.B, pid int) float64 {
	b.Helper()
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmRSS:" {
			kb, err := strconv.ParseFloat(f[1], 64)
			if err != nil {
				b.Fatal(err)
			}
			return kb
		}
	}
	return 0
}
