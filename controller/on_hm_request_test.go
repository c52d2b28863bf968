package controller

import (
	"testing"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/protocol"
)

// request sends what a health manager would.
func (s *stage) request(t *testing.T, r protocol.HMRequest) {
	t.Helper()
	subject, err := protocol.HMRequests(protocol.DefaultPartition)
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Publish(s.bus, subject, r); err != nil {
		t.Fatal(err)
	}
}

// Requests are heeded if the record says what the health manager believes. After each of those that are not comes one that is.
func TestRequestOfTheHealthManagerIsHeededWhenTheRecordAgrees(t *testing.T) {
	t.Parallel()
	s := startStage(t, nil)
	s.addDEA(t, "d1")
	version := protocol.Text(s.upload(t, "hello", "droplet") + "-1")
	app := s.ask(t, "PUT", "/minicf/apps/hello", helloApp)
	updated := `droplet.updated {"droplet":"hello","cc_partition":"default"}`
	s.expect(t, "dea.d1.start 0", "dea.d1.start 1", updated)
	last := app.UpdatedAt.Unix()

	s.request(t, protocol.HMRequest{Droplet: "hello", Op: "START", Version: "older-1", Indices: []protocol.Int{0}})
	s.request(t, protocol.HMRequest{Droplet: "hello", Op: "START", Version: version, Indices: []protocol.Int{7, -1, 1, 1}, Flapping: true})
	s.expect(t, "dea.d1.start 1")
	if n := len(s.starts); n != 3 || !bool(s.starts[2].Flapping) {
		t.Errorf("%d starts, the last one flapping: %v, want the third to be", n, s.starts[n-1].Flapping)
	}
	s.request(t, protocol.HMRequest{Droplet: "hello", Op: "STOP", LastUpdated: last - 1, Instances: []string{"x"}})
	s.request(t, protocol.HMRequest{Droplet: "hello", Op: "STOP", LastUpdated: last})
	s.request(t, protocol.HMRequest{Droplet: "hello", Op: "please stop", LastUpdated: last, Instances: []string{"y"}})
	s.expect(t, `dea.stop {"droplet":"hello","instances":["y"]}`)

	s.request(t, protocol.HMRequest{Droplet: "hello", Op: "SPINDOWN"})
	s.expect(t, `dea.stop {"droplet":"hello"}`, updated)
	if app := s.ask(t, "GET", "/minicf/apps/hello", ""); app.State != "STOPPED" {
		t.Errorf("after SPINDOWN the app is %s", app.State)
	}
	s.request(t, protocol.HMRequest{Droplet: "hello", Op: "START", Version: version, Indices: []protocol.Int{0}})
	s.send(t, "DELETE", "/minicf/apps/hello", nil)
	s.expect(t, `dea.stop {"droplet":"hello"}`, updated)
	s.request(t, protocol.HMRequest{Droplet: "hello", Op: "STOP", Instances: []string{"z"}})
	s.expect(t, `dea.stop {"droplet":"hello"}`)
}

// Of an app without a record only what was named is stopped: in 2012 all instances of that id were.
func TestStopOfAnAppWithoutARecordStopsWhatWasNamed(t *testing.T) {
	t.Parallel()
	s := startStage(t, nil)
	s.request(t, protocol.HMRequest{Droplet: "tutorial", Op: "START", Version: "1-1", Indices: []protocol.Int{0}})
	s.request(t, protocol.HMRequest{Droplet: "tutorial", Op: "STOP"})
	s.request(t, protocol.HMRequest{Droplet: "tutorial", Op: "STOP", Instances: []string{"x"}})
	s.expect(t, `dea.stop {"droplet":"tutorial","instances":["x"]}`)
}

// Several controllers share the requests: each is heeded once.
func TestOneOfSeveralControllersHeedsARequest(t *testing.T) {
	t.Parallel()
	s := startStage(t, nil)
	for range 2 {
		start(t, bustest.Join(t, s.server), t.TempDir(), nil)
	}
	var want []string
	for range 20 {
		s.request(t, protocol.HMRequest{Droplet: "tutorial", Op: "STOP", Instances: []string{"x"}})
		want = append(want, `dea.stop {"droplet":"tutorial","instances":["x"]}`)
	}
	s.expect(t, want...)
}

func TestPlacementByAdvertisementAsksNobody(t *testing.T) {
	t.Parallel()
	s := startStage(t, func(c *Config) { c.Placement = PlaceByAdvertise })
	s.addDEA(t, "silent") // it would answer a dea.discover, and has advertised nothing
	ad := protocol.Advertisement{ID: "d2", AvailableMemory: 1024, Runtimes: []string{"ruby19"}}
	if err := bus.Publish(s.bus, protocol.DEAAdvertise, ad); err != nil {
		t.Fatal(err)
	}
	// The request comes behind the advertisement, and a second one behind its answer.
	if _, err := bus.Do(t.Context(), s.bus, mustCredentials(t), protocol.Ignored{}); err != nil {
		t.Fatal(err)
	}
	s.upload(t, "hello", "droplet")
	s.ask(t, "PUT", "/minicf/apps/hello", helloApp)
	s.expect(t, "dea.d2.start 0", "dea.d2.start 1", `droplet.updated {"droplet":"hello","cc_partition":"default"}`)
}

func mustCredentials(t *testing.T) protocol.Call[protocol.Ignored, protocol.Credentials] {
	t.Helper()
	call, err := protocol.BulkCredentials(protocol.DefaultPartition)
	if err != nil {
		t.Fatal(err)
	}
	return call
}
