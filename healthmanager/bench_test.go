package healthmanager

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/protocol"
)

// crowd is what so many DEAs with so many instances each say: one app for every ten instances.
func crowd(deas, each int) (beats []protocol.Heartbeat, apps []protocol.BulkApp) {
	const perApp = 10
	now := time.Now()
	for n := range deas * each {
		id, index := protocol.ID(fmt.Sprintf("app-%d", n/perApp)), n%perApp
		if index == 0 {
			apps = append(apps, protocol.BulkApp{
				ID: id, Instances: perApp, State: protocol.AppStarted, PackageState: protocol.PackageStaged, Version: "8f14e45fceea167a5a36dedd4bea2543a1b2c3d4-1",
			})
		}
		dea := n % deas
		if dea == len(beats) {
			beats = append(beats, protocol.Heartbeat{DEA: fmt.Sprintf("dea-%d", dea)})
		}
		beats[dea].Droplets = append(beats[dea].Droplets, protocol.HeartbeatEntry{
			Droplet: id, Version: "8f14e45fceea167a5a36dedd4bea2543a1b2c3d4-1", Instance: fmt.Sprintf("%032x", n), Index: protocol.Int(index),
			State: protocol.Running, StateTimestamp: now.Unix(),
		})
	}
	return beats, apps
}

func newBenchManager(b *testing.B, on *bus.Bus) *Manager {
	b.Helper()
	cfg := Default()
	cfg.PID, cfg.Status.Port = "", bus.NoStatusPort
	m, err := New(on, cfg, func() string { return "" }, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	return m
}

// BenchmarkAnalysis is a look at everything, for several sizes of a platform.
func BenchmarkAnalysis(b *testing.B) {
	for _, deas := range []int{50, 100, 200} {
		b.Run(fmt.Sprintf("%dx100", deas), func(b *testing.B) {
			before := heap()
			m := newBenchManager(b, bustest.New(b))
			beats, apps := crowd(deas, 100)
			m.take(apps, time.Now())
			for _, h := range beats {
				m.onHeartbeat(h)
			}
			used := heap() - before
			for b.Loop() {
				m.full = time.Time{}
				m.lookAround(time.Now())
			}
			b.ReportMetric(float64(used)/float64(deas*100), "bytes/instance")
			if n := m.queue.length(); n != 0 {
				b.Fatalf("%d requests for a platform on which all is well", n)
			}
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkHeartbeats is a round of 200 heartbeats of 100 instances each, over the bus, until all are handled.
func BenchmarkHeartbeats(b *testing.B) {
	s := bustest.NewServer(b)
	m, dea := startBench(b, s, nil), bustest.Join(b, s)
	beats, _ := crowd(200, 100)
	rounds := int64(0)
	for b.Loop() {
		rounds++
		for _, h := range beats {
			if err := bus.Publish(dea, protocol.DEAHeartbeat, h); err != nil {
				b.Fatal(err)
			}
		}
		for m.figures.heartbeats.Load() < rounds*int64(len(beats)) {
			runtime.Gosched()
		}
	}
	b.ReportMetric(float64(len(beats))*float64(rounds)/b.Elapsed().Seconds(), "heartbeats/s")
}

// BenchmarkCrashToRequest is the time from a crash on the bus to the request for another instance on it.
func BenchmarkCrashToRequest(b *testing.B) {
	s := bustest.NewServer(b)
	_, apps := crowd(1, 10)
	startBench(b, s, apps)
	dea := bustest.Join(b, s)
	requests, err := protocol.HMRequests(protocol.DefaultPartition)
	if err != nil {
		b.Fatal(err)
	}
	got := make(chan protocol.HMRequest, 1)
	if _, err := bus.Subscribe(dea, requests, func(r protocol.HMRequest) { got <- r }); err != nil {
		b.Fatal(err)
	}
	n := 0
	for b.Loop() {
		n++
		x := protocol.Exited{Droplet: "app-0", Version: apps[0].Version, Instance: fmt.Sprint(n), Reason: protocol.ExitDEAShutdown}
		if err := bus.Publish(dea, protocol.DropletExited, x); err != nil {
			b.Fatal(err)
		}
		<-got
	}
}

// startBench runs a health manager that reads these apps and sends as many requests as there are.
func startBench(b *testing.B, s *bus.Server, apps []protocol.BulkApp) *Manager {
	b.Helper()
	m := newBenchManager(b, bustest.Join(b, s))
	m.queue.pause = 0
	read := make(chan struct{}, 1)
	m.read = func(context.Context) ([]protocol.BulkApp, error) {
		poke(read)
		return apps, nil
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(b.Context()))
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- m.Run(ctx, func() { close(ready) }) }()
	<-ready
	<-read
	b.Cleanup(func() {
		stop()
		<-ended
	})
	return m
}
