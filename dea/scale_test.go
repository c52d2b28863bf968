package dea

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
)

// many is how many instances the benchmark has on one DEA.
const many = 500

// idleFor is how long the DEA is watched while nobody asks it for anything; its own rounds come every 2, 5 and 10 seconds.
const idleFor = 20 * time.Second

// BenchmarkDEAWith500Instances runs as many real processes under a DEA that is a process of its own, so that its memory and its time are nobody
// else's. What is timed is a dea.find.droplet with figures until all have been answered, and a heartbeat of all.
func BenchmarkDEAWith500Instances(b *testing.B) {
	testkit.RequireTool(b, "cc", "ps")
	c := newCrowd(b)
	began := time.Now()
	c.start()
	started := time.Since(began)
	idle, rss := c.idle()
	c.checkHeartbeat()
	pass := c.measure()
	for b.Loop() {
		c.find()
	}
	b.ReportMetric(float64(started.Milliseconds())/many, "ms/start")
	b.ReportMetric(idle, "%core-idle")
	b.ReportMetric(float64(rss)/1024, "MB-RSS")
	b.ReportMetric(float64(pass.Microseconds())/1000, "ms/usage-of-all")
}

// crowd is a DEA with many instances of one app, and who listens to it.
type crowd struct {
	b      *testing.B
	client *bus.Bus
	base   string
	pid    int
	id     string

	mu      sync.Mutex
	running map[string]bool // instances of which a heartbeat said that they run
	beat    int             // entries of the last heartbeat that was not of a single one
}

func newCrowd(b *testing.B) *crowd {
	b.Helper()
	server := bustest.Start(b, bus.ServerConfig{})
	c := &crowd{b: b, client: bustest.Join(b, server), base: filepath.Join(b.TempDir(), "dea"), running: map[string]bool{}}
	hello := make(chan string, 1)
	listen(b, c.client, protocol.DEAStarted, func(h protocol.DEAHello) { hello <- h.ID })
	listen(b, c.client, protocol.DEAHeartbeat, c.hear)
	if err := c.client.Connected(b.Context()); err != nil {
		b.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), helperEnv+"="+helperDEA, "DEA_TEST_BASE="+c.base, "DEA_TEST_NATS="+server.URL(), "DEA_TEST_MEMORY=100000", "DEA_TEST_QUIET=1")
	cmd.Stderr = b.Output()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	c.pid, c.id = cmd.Process.Pid, <-hello
	return c
}

func listen[T any](tb testing.TB, b *bus.Bus, s protocol.Subject[T], f func(T)) {
	tb.Helper()
	if _, err := bus.Subscribe(b, s, f); err != nil {
		tb.Fatal(err)
	}
}

func (c *crowd) hear(h protocol.Heartbeat) {
	c.mu.Lock()
	defer c.mu.Unlock()
	running := 0
	for _, d := range h.Droplets {
		if d.State == protocol.Running {
			c.running[d.Instance] = true
			running++
		}
	}
	if len(h.Droplets) > 1 {
		c.beat = running
	}
}

// start has all instances started at once, and waits until they run.
func (c *crowd) start() {
	c.b.Helper()
	bits := packed(c.b, map[string]string{"startup": "#!/bin/sh\nexec \"$TINY\"\n", "stop": "#!/bin/sh\nkill -9 $1\n"})
	path := filepath.Join(c.b.TempDir(), "tiny.tgz")
	if err := os.WriteFile(path, bits, 0o644); err != nil {
		c.b.Fatal(err)
	}
	tiny := filepath.Join(c.b.TempDir(), "tiny")
	if out, err := exec.Command("cc", "-static", "-O2", "-o", tiny, filepath.Join("testdata", "tiny", "tiny.c")).CombinedOutput(); err != nil {
		c.b.Fatalf("%v: %s", err, out)
	}
	subject, err := protocol.DEAStart(c.id)
	if err != nil {
		c.b.Fatal(err)
	}
	r := protocol.StartRequest{
		Droplet: "tiny", Name: "tiny", Version: "1-1", SHA1: sumOf(string(bits)), ExecutableFile: path, ExecutableURI: "http://127.0.0.1:1/x",
		RuntimeInfo: protocol.RuntimeInfo{Name: "ruby19", Executable: "sh"}, Limits: protocol.MemLimit(64), Env: []string{"TINY=" + tiny},
	}
	for i := range many {
		r.Index, r.URIs = protocol.Int(i), []string{fmt.Sprintf("tiny-%d.vcap.me", i)}
		if err := bus.Publish(c.client, subject, r); err != nil {
			c.b.Fatal(err)
		}
	}
	testkit.Eventually(c.b, 5*time.Minute, "all instances to run", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.running) == many
	})
}

// idle returns the share of one core, in percent, that the DEA takes when nobody asks it for anything, and its memory, in KB, afterwards.
func (c *crowd) idle() (percent float64, rssKB int64) {
	c.b.Helper()
	before := cpuTime(c.b, c.pid)
	<-time.After(idleFor) // this is what is measured
	used := cpuTime(c.b, c.pid) - before
	text, err := exec.Command("ps", "-o", "rss=", "-p", strconv.Itoa(c.pid)).Output()
	if err == nil {
		rssKB, err = strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	}
	if err != nil {
		c.b.Fatal(err)
	}
	return 100 * used.Seconds() / idleFor.Seconds(), rssKB
}

// cpuTime is what a process has used, in hundredths of a second as the system counts it.
func cpuTime(tb testing.TB, pid int) time.Duration {
	tb.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		tb.Skip("only Linux tells the time of a process exactly: ", err)
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	var ticks int
	for _, field := range fields[11:13] { // utime and stime, see proc(5)
		n, err := strconv.Atoi(field)
		if err != nil {
			tb.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// checkHeartbeat asks for a heartbeat, which must have all instances.
func (c *crowd) checkHeartbeat() {
	c.b.Helper()
	c.mu.Lock()
	c.beat = 0
	c.mu.Unlock()
	if err := bus.Publish(c.client, protocol.HealthManagerStart, protocol.Ignored{}); err != nil {
		c.b.Fatal(err)
	}
	testkit.Eventually(c.b, patience, "a heartbeat of all", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.beat == many
	})
}

// measure has the DEA measure all instances at once, and returns how long that took.
func (c *crowd) measure() (took time.Duration) {
	c.b.Helper()
	if err := syscall.Kill(c.pid, syscall.SIGUSR1); err != nil {
		c.b.Fatal(err)
	}
	testkit.Eventually(c.b, patience, "the DEA's own measurement", func() bool {
		text, err := os.ReadFile(filepath.Join(c.base, measuredFile))
		if err == nil {
			took, err = time.ParseDuration(string(text))
		}
		return err == nil
	})
	return took
}

// find asks where all instances are and what they use, and returns when all have been told.
func (c *crowd) find() {
	c.b.Helper()
	all, err := bus.Gather(c.b.Context(), c.client, protocol.DEAFindDroplet, protocol.FindRequest{
		Selection: protocol.Selection{Droplet: "tiny"}, IncludeStats: true,
	}, many)
	if err != nil {
		c.b.Fatal(err)
	}
	found := map[string]bool{}
	for _, f := range all {
		if f.Stats == nil || f.Stats.Usage == nil {
			c.b.Fatalf("instance %s has no figures", f.Instance)
		}
		found[f.Instance] = true
	}
	if len(found) != many {
		c.b.Fatalf("%d instances were found, want %d", len(found), many)
	}
}
