package process

import (
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minicf/minicf/internal/testkit"
)

// The lines are of macOS 14, but for the last, which is of Linux.
const macPS = `    1     0     1 Ss    12345   5:06.07 Mon Sep  1 08:00:00 2025     /sbin/launchd
 4711  4700  4711 S+     3400   0:00.03 Tue Nov 11 21:22:23 2025     /Applications/My App.app/Contents/MacOS/My App
 4712  4711  4711 Z         0   0:00.00 Tue Nov 11 21:22:24 2025     (ruby)
 4713  4711  4711 R<     9000 2-03:04:05 Tue Nov 11 21:22:25 2025 node
`

func TestTableOfPSIsRead(t *testing.T) {
	t.Parallel()
	got, err := parsePS(macPS)
	if err != nil {
		t.Fatal(err)
	}
	at := func(day, hour, minute, second int, month time.Month) uint64 {
		return uint64(time.Date(2025, month, day, hour, minute, second, 0, time.UTC).Unix())
	}
	want := []process{
		{pid: 1, parent: 0, group: 1, memoryKB: 12345, cpu: 306*time.Second + 70*time.Millisecond, start: at(1, 8, 0, 0, 9), name: "launchd"},
		{pid: 4711, parent: 4700, group: 4711, memoryKB: 3400, cpu: 30 * time.Millisecond, start: at(11, 21, 22, 23, 11), name: "My App"},
		{pid: 4712, parent: 4711, group: 4711, dead: true, start: at(11, 21, 22, 24, 11), name: "(ruby)"},
		{pid: 4713, parent: 4711, group: 4711, memoryKB: 9000, cpu: 51*time.Hour + 4*time.Minute + 5*time.Second, start: at(11, 21, 22, 25, 11), name: "node"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for _, line := range []string{"1 0\n", strings.Replace(macPS, "5:06.07", "x", 1), strings.Replace(macPS, "Sep", "Xxx", 1), strings.Replace(macPS, "12345", "-", 1)} {
		if got, err := parsePS(line); err == nil {
			t.Errorf("%q: %+v, want an error", line, got)
		}
	}
}

// Both tables must agree on a process that both can see.
func TestBothTablesShowTheSame(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "ps", "sleep")
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("SKIP: only Linux has both")
	}
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for _, table := range []table{linux{}, ps{}} {
		var p process
		testkit.Eventually(t, 30*time.Second, "the process with the memory that it needs", func() bool {
			all, err := table.all(t.Context(), nil)
			if err != nil {
				t.Fatalf("%T: %v", table, err)
			}
			i := slices.IndexFunc(all, func(p process) bool { return p.pid == cmd.Process.Pid && p.memoryKB > 0 })
			if i >= 0 {
				p = all[i]
			}
			return i >= 0
		})
		if p.parent != os.Getpid() || p.group != syscall.Getpgrp() || p.name != "sleep" || p.start == 0 || p.dead {
			t.Errorf("%T: %+v, want a living child of %d called sleep", table, p, os.Getpid())
		}
		if _, ok := table.startOf(t.Context(), cmd.Process.Pid); !ok {
			t.Errorf("%T does not tell when it started", table)
		}
		if start, ok := table.startOf(t.Context(), 1<<30); ok {
			t.Errorf("%T: a process that cannot be started at %d", table, start)
		}
	}
}
