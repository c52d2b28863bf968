package main

import (
	"strings"
	"testing"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/protocol"
)

func TestTapShowsWhatTheRouterDeflated(t *testing.T) {
	t.Parallel()
	payload, err := protocol.ActiveApps{"hello", "42"}.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	active := bus.Message{Subject: "router.active_apps", Payload: payload}
	for name, c := range map[string]struct {
		message   bus.Message
		json, raw bool
		want      string
	}{
		"for people":            {active, false, false, `["hello", "42"]`},
		"for programs":          {active, true, false, `"payload":["hello","42"]`},
		"as it came":            {active, false, true, "Msg received on [router.active_apps] : '" + string(payload) + "'\n"},
		"on another subject":    {bus.Message{Subject: "x", Payload: payload}, true, false, `"text":"x`},
		"what is no such thing": {bus.Message{Subject: "router.active_apps", Payload: []byte("noise \x1b[31m")}, false, false, "noise "},
	} {
		var out strings.Builder
		s := &session{terminal: &terminal{out: &out}, json: c.json}
		s.tapPrinter(c.raw)(c.message)
		if got := out.String(); !strings.Contains(got, c.want) || !c.raw && strings.Contains(got, "\x1b") {
			t.Errorf("%s: %q, want %q in it, and nothing that a terminal obeys", name, got, c.want)
		}
	}
}
