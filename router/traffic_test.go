package router

import (
	"fmt"
	"reflect"
	"testing"
	"time"
)

func TestBusiestAppsAndClientsComeFirst(t *testing.T) {
	t.Parallel()
	var a traffic
	for client, n := range map[string]int{"10.0.0.1:1": 5, "10.0.0.1:2": 5, "10.0.0.2:1": 40, "[::1]:9": 6, "10.0.0.3:1": 4, "10.0.0.4:1": 4, "10.0.0.5:1": 2} {
		for range n {
			a.add(client)
		}
	}
	got := ratesOf(100, map[string]counted{
		"busy": a.take(), "busier": {requests: 70}, "idle": {requests: 1, clients: map[string]int64{"10.0.0.9": 1}},
	}, 2*time.Second)
	want := &rates{total: 50, apps: []appRate{
		{URL: "busier", RPS: 35},
		{URL: "busy", RPS: 33, Clients: []clientRate{{"10.0.0.2", 20}, {"10.0.0.1", 5}, {"::1", 3}, {"10.0.0.3", 2}}},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("rates = %+v, want %+v", got, want)
	}
	if again := a.take(); again.requests != 0 || len(again.clients) != 0 {
		t.Errorf("what was taken is still there: %+v", again)
	}
}

// Whoever comes from a great many addresses must not fill the memory.
func TestClientsAreCountedUpToALimit(t *testing.T) {
	t.Parallel()
	var a traffic
	for i := range 2 * maxClients {
		a.add(fmt.Sprintf("10.0.%d.%d:1", i/256, i%256))
		a.add("10.0.0.0:2")
	}
	got := a.take()
	if len(got.clients) != maxClients || got.requests != 4*maxClients || got.clients["10.0.0.0"] != 2*maxClients+1 {
		t.Errorf("%d requests of %d clients, %d of the first", got.requests, len(got.clients), got.clients["10.0.0.0"])
	}
}
