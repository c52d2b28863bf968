package stager

import (
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin/builtin"
)

// BenchmarkStageSinatra is one staging request after the other, from the request on the bus to the reply, with the download from and the
// upload to a controller over HTTP. The stager of 2012 took 202 ms.
func BenchmarkStageSinatra(b *testing.B) { benchmarkStage(b, 1) }

// BenchmarkStageSinatra20 has 20 requests under way at once, for 10 workers. The stager of 2012 answered 9 a second.
func BenchmarkStageSinatra20(b *testing.B) { benchmarkStage(b, 20) }

func benchmarkStage(b *testing.B, atOnce int) {
	b.Helper()
	member := bustest.New(b)
	c := newController(b, sinatraZip(b))
	s, err := New(member, builtin.Set(), testConfig(b), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	startStager(b, s)
	request := c.request("bench", "sinatra")

	var mu sync.Mutex
	var took []time.Duration
	turns := make(chan struct{})
	var clients sync.WaitGroup
	began := time.Now()
	for range atOnce {
		clients.Go(func() {
			for range turns {
				asked := time.Now()
				rep, err := bus.Do(b.Context(), member, protocol.Staging, request)
				if err != nil || rep.Error != "" {
					b.Errorf("reply: %q, error: %v", rep.Error, err)
				}
				mu.Lock()
				took = append(took, time.Since(asked))
				mu.Unlock()
			}
		})
	}
	for b.Loop() {
		turns <- struct{}{}
	}
	close(turns)
	clients.Wait()
	elapsed := time.Since(began)
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "median-ms")
	b.ReportMetric(float64(len(took))/elapsed.Seconds(), "req/s")
}
