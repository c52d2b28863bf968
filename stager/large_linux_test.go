package stager

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
)

// large are apps as they should not be, and are: their main file has a fitting name.
func large(tb testing.TB, what, main string) []byte {
	tb.Helper()
	files := []file{{main, sinatraApp, 0o644}}
	switch what {
	case "one file of 100 MB":
		files = append(files, file{"public/video", noise(100_000_000), 0o644})
	case "20,000 files":
		for i := range 20_000 {
			files = append(files, file{fmt.Sprintf("public/%d/%d", i/200, i), strconv.Itoa(i), 0o644})
		}
	}
	return newZip(tb, files...)
}

var (
	largeApps  = []string{"one file of 100 MB", "20,000 files"}
	mainFileOf = map[string]string{"sinatra": "app.rb", "node": "server.js"}
)

// maxResident is what a stager may need of memory at any time, in MB, whatever the size of the app.
const maxResident = 80

func TestLargeAppIsStagedWithoutBeingHeldInMemory(t *testing.T) {
	t.Parallel()
	server := bustest.Start(t, bus.ServerConfig{})
	client := bustest.Join(t, server)
	pid, see := startApart(t, server, "", false)
	c := newController(t, nil)
	for framework, what := range map[string]string{"sinatra": largeApps[1], "node": largeApps[0]} { // BenchmarkStageLarge has all four
		c.put(framework, large(t, what, mainFileOf[framework]))
		if rep := ask(t, client, c.requestFor(framework, framework)); rep.Error != "" || len(c.droplet(framework)) == 0 {
			t.Errorf("%s with %s: error = %q, droplet of %d bytes", framework, what, rep.Error, len(c.droplet(framework)))
		}
	}
	if mb := peak(t, pid); mb > maxResident {
		t.Errorf("the stager needed %d MB of memory, want %d at most", mb, maxResident)
	}
	if left := see(); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
}

// BenchmarkStageLarge is the staging of apps that are large in one way or another, by a stager that does nothing else; the controller,
// which keeps the bytes, is another process.
//
//	go test -run '^$' -bench StageLarge -benchtime 3x ./stager
func BenchmarkStageLarge(b *testing.B) {
	for framework, main := range mainFileOf {
		for _, what := range largeApps {
			b.Run(framework+"/"+what, func(b *testing.B) {
				server := bustest.Start(b, bus.ServerConfig{})
				client := bustest.Join(b, server)
				pid, _ := startApart(b, server, "", false)
				c := newController(b, large(b, what, main))
				request := c.requestFor("large", framework)
				began := time.Now()
				for b.Loop() {
					if rep := ask(b, client, request); rep.Error != "" {
						b.Fatal(rep.Error)
					}
				}
				b.ReportMetric(float64(time.Since(began).Milliseconds())/float64(b.N), "ms/op")
				b.ReportMetric(float64(peak(b, pid)), "peak-MB")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// peak is the most memory that a process has had at a time, in MB.
func peak(tb testing.TB, pid int) int {
	tb.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		tb.Fatal(err)
	}
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	var kb int
	if _, err := fmt.Sscan(string(rest), &kb); err != nil {
		tb.Fatal(err)
	}
	return kb / 1024
}
