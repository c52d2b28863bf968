package sandbox_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/protocol"
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
