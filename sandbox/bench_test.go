package sandbox_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/sandbox"
	"github.com/minicf/minicf/sandbox/sandboxtest"
)

func BenchmarkUp(b *testing.B) {
	for b.Loop() {
		_, stop := sandboxtest.Start(b, sandboxtest.Settings(b))
		stop()
	}
}

// BenchmarkStaging is a staging request and its reply in a whole sandbox, with the real controller, which syncs each
// droplet to disk: one at a time, and 20 at once for the stager's 10 workers.
func BenchmarkStaging(b *testing.B) {
	for name, clients := range map[string]int{"one": 1, "twenty": 20} {
		b.Run(name, func(b *testing.B) { benchmarkStaging(b, clients) })
	}
}

func benchmarkStaging(b *testing.B, clients int) {
	sb, _ := sandboxtest.Start(b, sandboxtest.Settings(b))
	conn := bus.New(bus.Options{URL: sb.URL("nats"), Once: true})
	if err := conn.Open(); err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	api := &client.Controller{URL: sb.URL("controller")}
	properties, err := client.TutorialApp("hello").Properties()
	if err != nil {
		b.Fatal(err)
	}
	request := protocol.StagingRequest{DownloadURI: api.DownloadURI("hello"), UploadURI: api.UploadURI("hello", "x"), Properties: properties}
	var mu sync.Mutex
	var took []time.Duration
	began := time.Now()
	b.SetParallelism(max(1, clients/2)) // times GOMAXPROCS, which is 2 where the figures were taken
	stage := func() {
		one := time.Now()
		if _, err := client.Stage(b.Context(), conn, request); err != nil {
			b.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		took = append(took, time.Since(one))
	}
	if clients == 1 {
		for range b.N {
			stage()
		}
	} else {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				stage()
			}
		})
	}
	elapsed := time.Since(began)
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "median-ms")
	b.ReportMetric(float64(len(took))/elapsed.Seconds(), "req/s")
}

// BenchmarkCrashToRunning is the time from the kill of an app's process to the heartbeat that says that another one runs. The app has no
// URIs and does nothing, so that what is measured is the platform.
func BenchmarkCrashToRunning(b *testing.B) {
	p := sandboxtest.New(b, func(s *sandbox.Settings) { sandboxtest.Set(s, "healthmanager", "intervals.giveup_crash_number", "0") },
		func(s *sandbox.Settings) { sandboxtest.Set(s, "healthmanager", "intervals.flapping_death", "1000000") })
	dir := filepath.Join(b.TempDir(), "idle")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "README"), []byte("nothing"), 0o644); err != nil {
		b.Fatal(err)
	}
	app := p.Push(dir, client.Overrides{Runtime: "python3", Command: "exec sleep 98765"})
	runs := make(chan string, 16)
	_, err := bus.Subscribe(p.Bus, protocol.DEAHeartbeat, func(h protocol.Heartbeat) {
		if len(h.Droplets) == 1 && h.Droplets[0].State == protocol.Running {
			runs <- h.Droplets[0].Instance
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	ch := app.Record(1)
	ch.URIs = []string{}
	if _, err := p.Controller.RunApp(b.Context(), "idle", ch); err != nil {
		b.Fatal(err)
	}
	last := <-runs
	var took []time.Duration
	for b.Loop() {
		killed := time.Now()
		killCommand(b, "98765")
		next := <-runs
		for next == last { // an ordinary heartbeat
			next = <-runs
		}
		last = next
		took = append(took, time.Since(killed))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "median-ms")
}

// killCommand kills the process whose last argument this is, once it is there.
func killCommand(b *testing.B, arg string) {
	b.Helper()
	testkit.Eventually(b, 10*time.Second, "the app's process", func() bool {
		files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil || !strings.HasPrefix(string(text), "sleep\x00"+arg+"\x00") {
				continue
			}
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(f)))
			return err == nil && syscall.Kill(pid, syscall.SIGKILL) == nil
		}
		return false
	})
}
